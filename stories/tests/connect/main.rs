//! A person picks a repository on the page, and it is connected; or it is said why not, and nothing is left.
#![expect(clippy::unwrap_used, reason = "tests")]

mod refused;
mod steps;
mod undone;

use reqwest::Method;
use serde_json::{Value, json};
use standin_github::NewRepository;
use stories::api::eventually;
use stories::{Browser, Setup, World};

/// A server with a login, and anna, who has claimed it, at her browser.
pub struct Desk {
    /// The world.
    pub world: World,
    /// Her browser.
    pub anna: Browser,
}

impl Desk {
    /// None where no Docker engine answers.
    pub async fn new() -> Option<Desk> {
        let world = World::with(Setup { login: true, ..Setup::default() }).await?;
        let mut anna = Browser::new(&world.server.url()).unwrap();
        anna.log_in(&world.github, "anna", None).await.unwrap();
        Some(Desk { world, anna })
    }

    /// Makes a repository at GitHub; its number.
    pub async fn repository(&self, name: &str) -> u64 {
        self.world.github.create_repository(NewRepository::private(name.parse().unwrap())).await.unwrap()
    }

    /// Chooses it; the status and what is answered.
    pub async fn choose(&mut self, chosen: Value) -> (u16, Value) {
        let answer = self.anna.ask(Method::POST, "/api/connect", Some(&chosen)).await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// How it stands.
    pub async fn look(&mut self, id: u64) -> Value {
        self.anna.ask(Method::GET, &format!("/api/connect/{id}"), None).await.unwrap().json().await.unwrap()
    }

    /// How it stands once that fits.
    pub async fn until(&mut self, id: u64, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let mut anna = self.anna.clone();
        let path = format!("/api/connect/{id}");
        let ask = async || {
            let view: Value = anna.ask(Method::GET, &path, None).await?.json().await?;
            Ok(fits(&view).then_some(view))
        };
        eventually(what, ask).await.unwrap()
    }

    /// Chooses it by its number, and waits until nothing more goes on.
    pub async fn connect(&mut self, id: u64) -> Value {
        let (status, begun) = self.choose(json!({ "id": id })).await;
        assert_eq!(status, 202, "{begun}");
        self.until(id, "the end of connecting", |view| view["state"] != "doing").await
    }
}

/// The step of a connection.
pub fn step<'a>(view: &'a Value, name: &str) -> &'a Value {
    view["steps"].as_array().unwrap().iter().find(|step| step["name"] == name).unwrap()
}

/// The states of its steps.
pub fn states(view: &Value) -> Vec<&str> {
    view["steps"].as_array().unwrap().iter().map(|step| step["state"].as_str().unwrap()).collect()
}
