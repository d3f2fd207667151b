//! Folders that are kept from run to run, below `cache/` in the store: no run's, so no run's end removes them.
//!
//! A run gets what is kept as a layer of its own, in which every file is the kept one by a second name: nothing is copied,
//! what a step writes goes to a layer above, and the kept folder may go at any time.

use super::layer::OPEN;
use super::names;
use super::{AttemptKey, Engine, EngineError, Inner, Layer, Mounted};
use dockercise_init::message::{Place, Reply, Request};
use dockercise_pipeline::ids::RunId;
use std::sync::atomic::Ordering;

impl Engine {
    /// Makes the layers that take what an attempt writes, before its container. May be repeated.
    pub async fn make_layers(&self, key: &AttemptKey, volume: &[Mounted]) -> Result<(), EngineError> {
        self.holders(key.run).await?;
        let (_, layers) = self.inner.working_directory(key, volume).await?;
        self.inner.keeper.all(layers).await
    }

    /// Makes a layer of a run from a folder of a kept cache; an empty one where none is named. False where that cache is not
    /// there any more: the layer is empty then. May be repeated: a layer that is there stays as it is.
    pub async fn restore_cache(&self, run: RunId, layer: &str, from: Option<(&str, usize)>) -> Result<bool, EngineError> {
        let inner = &self.inner;
        let place = names::layer(run, layer)?;
        if inner.is_there(&place).await? {
            return Ok(true);
        }
        let open = |at: &Place| Request::MakeDir { at: at.clone(), mode: OPEN, like: None };
        if let Some((name, number)) = from {
            let from = names::below(&names::cache(name)?, &number.to_string());
            if inner.is_there(&from).await? {
                let new = names::unfinished_layer(&place);
                inner.keeper.all(vec![Request::Remove { at: new.clone() }, open(&new)]).await?;
                inner.keeper.ask(Request::LinkTree { from, to: new.clone() }).await?;
                inner.keeper.all(vec![Request::Rename { from: new, to: place }]).await?;
                return Ok(true);
            }
        }
        inner.keeper.all(vec![open(&place)]).await?;
        Ok(from.is_none())
    }

    /// Keeps folders under a name: each what is below (a layer of [`Engine::restore_cache`]) and what was written over it,
    /// both finished. Gives what all of it takes on the disk, in bytes.
    pub async fn save_cache(&self, name: &str, folders: &[[Layer; 2]]) -> Result<u64, EngineError> {
        let inner = &self.inner;
        let at = names::cache(name)?;
        let new = names::unfinished_layer(&at);
        inner.keeper.all(vec![Request::Remove { at: new.clone() }]).await?;
        for (number, [below, above]) in folders.iter().enumerate() {
            let (below, above) = (names::layer(below.run, &below.name)?, names::layer(above.run, &above.name)?);
            let to = names::below(&new, &number.to_string());
            // Over nothing, what was written is all there is.
            if !inner.copy_on_write.load(Ordering::Relaxed) || inner.names_in(&below).await?.is_empty() {
                inner.keeper.all(vec![Request::MakeDir { at: to.clone(), mode: OPEN, like: None }]).await?;
                inner.keeper.ask(Request::LinkTree { from: above, to }).await?;
            } else {
                inner.flatten(&[below, above.clone()], &above, &to).await?;
            }
        }
        inner.keeper.all(vec![Request::Rename { from: new, to: at.clone() }]).await?;
        match inner.keeper.ask(Request::Size { at }).await?.0 {
            Reply::Size { bytes } => Ok(bytes),
            other => Err(EngineError::Keeper { doing: "weigh a cache".to_owned(), words: format!("it answered {other:?}") }),
        }
    }

    /// Removes what is kept under a name; well where nothing is.
    pub async fn forget_cache(&self, name: &str) -> Result<(), EngineError> {
        let at = names::cache(name)?;
        for at in [names::unfinished_layer(&at), at] {
            self.inner.keeper.ask(Request::Remove { at }).await?;
        }
        Ok(())
    }

    /// The names of all that is kept, half made ones too.
    pub async fn caches(&self) -> Result<Vec<String>, EngineError> {
        let at = names::caches();
        if !self.inner.is_there(&at).await? {
            return Ok(Vec::new());
        }
        let names = self.inner.names_in(&at).await?;
        Ok(names.into_iter().map(|name| name.trim_end_matches(".new").to_owned()).collect())
    }
}

impl Inner {
    async fn names_in(&self, at: &Place) -> Result<Vec<String>, EngineError> {
        match self.keeper.ask(Request::List { at: at.clone() }).await?.0 {
            Reply::Names { names } => Ok(names),
            other => Err(EngineError::Keeper { doing: format!("list {}", at.path), words: format!("it answered {other:?}") }),
        }
    }
}
