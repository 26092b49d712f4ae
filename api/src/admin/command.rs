//! `account` and `admin` of the command line. Whoever has a shell on the machine has shown who they are.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use collabry_shared::auth::{Email, Name, SessionRepo, User, UserRepo};
use collabry_shared::clock::{Clock, SystemClock};
use collabry_shared::config::Config;
use collabry_shared::stores;
use secrecy::SecretString;

use crate::auth::accounts::{self, NewAccount};
use crate::auth::{Passwords, random_password};

#[derive(Debug, Subcommand)]
pub enum AccountCommand {
    /// Create an account, even where registration is closed; without a password, one is printed once
    Add(Person),
    /// Give an account another password and end its sessions; without a password, one is printed once
    Password {
        email: String,
        /// The new password; default: a random one, printed once
        #[arg(long, env = "COLLABRY_ACCOUNT_PASSWORD", hide_env_values = true)]
        password: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub enum AdminCommand {
    /// Make someone an admin; an account that does not exist yet is created, and its password printed once
    Add(Person),
    /// Make someone an ordinary user again; their account stays
    Remove { email: String },
    /// Print who was made an admin
    List,
}

#[derive(Debug, Args)]
pub struct Person {
    pub email: String,
    /// What other members see of a new account; default: what stands before the @
    #[arg(long)]
    pub name: Option<String>,
    /// Password of a new account; default: a random one, printed once
    #[arg(long, env = "COLLABRY_ACCOUNT_PASSWORD", hide_env_values = true)]
    pub password: Option<String>,
}

/// Both commands. They work beside a server that runs.
#[derive(Debug)]
pub enum Command {
    Account(AccountCommand),
    Admin(AdminCommand),
}

#[expect(clippy::print_stdout, reason = "what the user asked for")]
pub fn run(config: &Config, command: Command) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let told: String = runtime.block_on(async {
        let (users, sessions) = stores::accounts(config).await.context("opening the storage")?;
        match command {
            Command::Account(AccountCommand::Add(person)) => {
                let (user, password) = create(users.as_ref(), &SystemClock, person).await?;
                anyhow::Ok(format!("{} has an account now.{}", user.email, told(password)))
            }
            Command::Account(AccountCommand::Password { email, password }) => {
                let made = password.is_none().then(random_password);
                let chosen = password.or_else(|| made.clone()).unwrap_or_default();
                let user = existing(users.as_ref(), &email).await?;
                let ended = replace_password(users.as_ref(), sessions.as_ref(), &SystemClock, &user, chosen).await?;
                let sessions = if ended == 1 { "session" } else { "sessions" };
                Ok(format!("{} has a new password; {ended} {sessions} ended.{}", user.email, told(made)))
            }
            Command::Admin(command) => admin(users.as_ref(), &SystemClock, command).await,
        }
    })?;
    println!("{told}");
    Ok(ExitCode::SUCCESS)
}

async fn admin(users: &dyn UserRepo, clock: &dyn Clock, command: AdminCommand) -> anyhow::Result<String> {
    match command {
        AdminCommand::Add(person) => add(users, clock, person).await,
        AdminCommand::Remove { email } => {
            let user = existing(users, &email).await?;
            users.set_admin(user.id, false, clock.now()).await?;
            Ok(format!("{} is no longer an admin, unless COLLABRY_ADMIN_EMAILS names the address.", user.email))
        }
        AdminCommand::List => {
            let admins = users.admins().await?;
            let lines: Vec<_> = admins.iter().map(|user| format!("{}  {}", user.email, user.name)).collect();
            Ok(if lines.is_empty() { "Nobody was made an admin.".to_owned() } else { lines.join("\n") })
        }
    }
}

async fn add(users: &dyn UserRepo, clock: &dyn Clock, person: Person) -> anyhow::Result<String> {
    if let Some(user) = users.by_email(&Email::parse(&person.email)?).await? {
        users.set_admin(user.id, true, clock.now()).await?;
        let User { email, name, created_at, .. } = user;
        return Ok(format!("{email} is an admin now: the account \"{name}\", which was registered at {created_at}."));
    }
    let (user, password) = create(users, clock, person).await?;
    users.set_admin(user.id, true, clock.now()).await?;
    Ok(format!("{} is an admin now, with a new account.{}", user.email, told(password)))
}

/// The account, and its password when nobody chose one.
async fn create(users: &dyn UserRepo, clock: &dyn Clock, person: Person) -> anyhow::Result<(User, Option<String>)> {
    let email = Email::parse(&person.email)?;
    let name = person.name.as_deref().or(person.email.trim().split('@').next()).unwrap_or_default();
    let name = Name::parse(name).context("use a name of 1 to 80 characters")?;
    let made = person.password.is_none().then(random_password);
    let password = person.password.or_else(|| made.clone()).unwrap_or_default();
    let new = NewAccount { email, name, password: SecretString::from(password) };
    let account = accounts::create(users, &Passwords::default(), clock, new).await?;
    Ok((account.user, made))
}

/// Returns how many sessions it ended.
async fn replace_password(
    users: &dyn UserRepo,
    sessions: &dyn SessionRepo,
    clock: &dyn Clock,
    user: &User,
    password: String,
) -> anyhow::Result<usize> {
    let hash = Passwords::default().hash(SecretString::from(password)).await?;
    let before = users.password_hash(user.id).await?.context("the account was deleted at the same moment")?;
    let replaced = users.set_password(user.id, &before, &hash).await?;
    anyhow::ensure!(replaced, "the password was changed at the same moment; run this again");
    let open = sessions.list_for(user.id, clock.now()).await?;
    for session in &open {
        sessions.delete(session.id).await?;
    }
    Ok(open.len())
}

fn told(password: Option<String>) -> String {
    password.map(|password| format!(" Its password is {password}")).unwrap_or_default()
}

async fn existing(users: &dyn UserRepo, email: &str) -> anyhow::Result<User> {
    let email = Email::parse(email)?;
    users.by_email(&email).await?.with_context(|| format!("there is no account with the address {email}"))
}
