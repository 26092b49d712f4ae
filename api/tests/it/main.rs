//! The api over real HTTP: a server on a port of its own, SQLite in a folder of its own, the real engine.
#![cfg(test)]

mod accounts;
mod admin;
mod allowances;
mod audit;
mod auth;
mod bounds;
mod connections;
mod conversations;
mod errors;
mod generations;
mod health;
mod join_codes;
mod limits;
mod members;
mod membership;
mod metrics;
mod notebooks;
mod notifications;
mod openapi;
mod process;
mod programs;
mod replicas;
mod restore;
mod roles;
mod search;
mod shutdown;
mod sockets;
mod sources;
mod support;
mod tenants;
mod tokens;
mod uploads;
mod urls;
mod usage;
mod web;
