# shellcheck shell=bash

help() {
  cat <<'HELP'
Deploys Collabry on this machine with Docker, and rolls back if a release fails.

  VERSION=v1.2.0 ./deploy.sh      build the images of this checkout and roll them out
  ./deploy.sh status              show what is running, and of which release
  ./deploy.sh rollback            go back to the previous release: its images and settings
  ./deploy.sh scale api=5         set the number of api replicas; later deploys keep it
  ./deploy.sh logs [SERVICE…]     follow the logs
  ./deploy.sh doctor              look for problems; changes nothing but a notebook of the smoke test's account
  ./deploy.sh backup [FILE]       back up the running system; without FILE to COLLABRY_BACKUP_URL, or else into backups/.
                                  --force before FILE replaces an existing one
  ./deploy.sh backups             list the backups
  ./deploy.sh verify [FILE]       read a backup to its end: a file on this machine, the name of one at
                                  COLLABRY_BACKUP_URL, or the newest there
  ./deploy.sh restore [FILE]      deploy VERSION on an empty system, with the data of that backup
  ./deploy.sh settings FILE [OUT] extract the .env from an encrypted backup; needs only the images of VERSION
  ./deploy.sh backup-key FILE     make the keys for backups: some to keep elsewhere, some to set here
  ./deploy.sh front               replace nginx itself; its port is closed for about a second
  ./deploy.sh build | push        only build the images, or push them to $REGISTRY

The first time: cp .env.example .env, and set in it COLLABRY_JWT_SECRET, COLLABRY_SERVICE_SECRET, REDIS_PASSWORD,
MONGODB_PASSWORD and MONGODB_ROOT_PASSWORD, each to the output of its own `openssl rand -hex 32`.

A deploy first checks that it can succeed (disk, settings, secrets, Redis, MongoDB, and the new images with all of these).
Then it replaces one container at a time: ai-engines, api replicas (each new one serves through nginx before an old one
stops), the web client and settings of the running nginx, the worker. Finally a smoke test signs in as its own user, uploads,
asks, and deletes. If any step fails, every role goes back to the previous images and settings. You can kill a deploy at any
point and run it again.

  VERSION=v1.2.0                    default: the output of `git describe`
  USE_REGISTRY=true REGISTRY=HOST/PATH   pull the images instead of building them
  MODE=blue-green                   start all new api replicas beside the old ones, then switch at once
  BUILD=no                          use the local images of VERSION
  ENV_FILE=.env                     the file with the settings; .env.example lists them
  IDENTITY=FILE                     the file from backup-key, for verify, restore and settings: decrypts backups, and rejects
                                    those that somebody else made
  SIGNER=KEY                        require this signer instead; SIGNER=any accepts any backup, including those from before
                                    backups were signed

Exit code 0: the release serves. 1: no container was touched. 2: rolled back. 3: the rollback failed too, or there was no
previous release. 64: usage.
HELP
}
