//! What the walk of a job needs of a Docker host: the part of [`Engine`] it uses, as a trait, so that the walk is tested
//! by the thousand against a host that is not there.

use crate::engine::{
    Answers, AttemptKey, AttemptSpec, BuildSpec, Built, Ended, Engine, EngineError, Folder, Follow, Found, ImageRef, Layer, Mounted,
    Opened, Say, Serving, Signal, SpoolSum, Tell, Tree, ValueInfo,
};
use bytes::Bytes;
use dockercise_init::look::Entry;
use dockercise_pipeline::ids::{RunId, StepIx};
use dockercise_pipeline::wire::ResolvedImage;
use futures_util::Stream;
use std::future::Future;

/// A result of the engine's, to be awaited from any thread.
pub trait Answer<T>: Future<Output = Result<T, EngineError>> + Send {}
impl<T, F: Future<Output = Result<T, EngineError>> + Send> Answer<T> for F {}

/// The bytes of a spool as they come.
pub trait Spool: Stream<Item = Result<Bytes, EngineError>> + Send + Unpin + 'static {
    /// See [`Follow::finish`].
    fn finish(&self);
}

/// What a step has left, open for reading. The methods mean what [`Tree`]'s of the same name do.
pub trait Left: Send {
    fn list(&mut self, under: &[Vec<u8>], most: u64, each: &mut (dyn FnMut(Entry) + Send)) -> impl Answer<bool>;
    fn open(&mut self, path: &[u8]) -> impl Answer<Opened>;
    fn piece(&mut self) -> impl Answer<Option<Bytes>>;
}

/// A Docker host. The methods mean what [`Engine`]'s of the same name do.
pub trait Host: Send + Sync + 'static {
    type Spool: Spool;
    type Left: Left;
    fn resolve_image(&self, image: &str, tell: &Tell) -> impl Answer<ImageRef>;
    fn public_image(&self, image: &str, tell: &Tell) -> impl Answer<ImageRef>;
    fn find_image(&self, image: &ResolvedImage, tell: &Tell) -> impl Answer<ImageRef>;
    fn open_run(&self, run: RunId) -> impl Answer<()>;
    fn rest_run(&self, run: RunId) -> impl Answer<()>;
    fn close_run(&self, run: RunId) -> impl Answer<()>;
    fn run_size(&self, run: RunId) -> impl Answer<u64>;
    fn runs(&self) -> impl Answer<Vec<String>>;
    fn fill_layer(&self, run: RunId, layer: &str, tar: impl Stream<Item = std::io::Result<Bytes>> + Send + 'static) -> impl Answer<()>;
    fn has_layer(&self, run: RunId, layer: &str) -> impl Answer<bool>;
    fn create(&self, spec: &AttemptSpec) -> impl Answer<()>;
    fn renew_aws(&self, key: &AttemptKey, json: &str) -> impl Answer<()>;
    fn serve_agent(&self, key: &AttemptKey, answers: Answers) -> impl Answer<Serving>;
    fn start(&self, key: &AttemptKey) -> impl Answer<()>;
    fn find(&self, key: &AttemptKey) -> impl Answer<Option<Found>>;
    fn wait(&self, key: &AttemptKey) -> impl Answer<Ended>;
    fn signal(&self, key: &AttemptKey, signal: Signal) -> impl Answer<()>;
    fn enter(&self, key: &AttemptKey, argv: &[String]) -> impl Answer<Option<i64>>;
    fn remove(&self, key: &AttemptKey) -> impl Answer<()>;
    fn follow(&self, key: &AttemptKey, from: u64) -> Self::Spool;
    fn project(&self, key: &AttemptKey) -> impl Answer<ValueInfo>;
    fn read_value(&self, run: RunId, step: StepIx, limit: u64) -> impl Answer<Bytes>;
    fn forget_value(&self, run: RunId, step: StepIx) -> impl Answer<()>;
    fn spool_sum(&self, key: &AttemptKey) -> impl Answer<SpoolSum>;
    fn forget_spool(&self, key: &AttemptKey) -> impl Answer<()>;
    fn open_tree(&self, run: RunId, folders: &[Folder]) -> impl Answer<Self::Left>;
    fn make_layers(&self, key: &AttemptKey, volume: &[Mounted]) -> impl Answer<()>;
    fn restore_cache(&self, run: RunId, layer: &str, from: Option<(&str, usize)>) -> impl Answer<bool>;
    fn save_cache(&self, name: &str, folders: &[[Layer; 2]]) -> impl Answer<u64>;
    fn forget_cache(&self, name: &str) -> impl Answer<()>;
    fn caches(&self) -> impl Answer<Vec<String>>;
    fn prepare_build(&self, key: &AttemptKey, volume: &[Mounted]) -> impl Answer<()>;
    fn write_spool(&self, key: &AttemptKey, offset: u64, bytes: &[u8]) -> impl Answer<()>;
    fn build(
        &self,
        spec: &BuildSpec,
        context: impl Stream<Item = std::io::Result<Bytes>> + Send + 'static,
        say: &Say,
    ) -> impl Answer<Built>;
    fn end_build(&self, key: &AttemptKey) -> impl Answer<()>;
    fn name_image(&self, id: &str, name: &str) -> impl Answer<()>;
    fn push_image(&self, name: &str, say: &Say) -> impl Answer<()>;
}

impl Spool for Follow {
    fn finish(&self) {
        Follow::finish(self);
    }
}

impl Left for Tree {
    fn list(&mut self, under: &[Vec<u8>], most: u64, each: &mut (dyn FnMut(Entry) + Send)) -> impl Answer<bool> {
        Tree::list(self, under, most, each)
    }
    fn open(&mut self, path: &[u8]) -> impl Answer<Opened> {
        Tree::open(self, path)
    }
    fn piece(&mut self) -> impl Answer<Option<Bytes>> {
        Tree::piece(self)
    }
}

impl Host for Engine {
    type Spool = Follow;
    type Left = Tree;

    fn resolve_image(&self, image: &str, tell: &Tell) -> impl Answer<ImageRef> {
        Engine::resolve_image(self, image, tell)
    }
    fn public_image(&self, image: &str, tell: &Tell) -> impl Answer<ImageRef> {
        Engine::public_image(self, image, tell)
    }
    fn find_image(&self, image: &ResolvedImage, tell: &Tell) -> impl Answer<ImageRef> {
        Engine::find_image(self, image, tell)
    }
    fn open_run(&self, run: RunId) -> impl Answer<()> {
        Engine::open_run(self, run)
    }
    fn rest_run(&self, run: RunId) -> impl Answer<()> {
        Engine::rest_run(self, run)
    }
    fn close_run(&self, run: RunId) -> impl Answer<()> {
        Engine::close_run(self, run)
    }
    fn run_size(&self, run: RunId) -> impl Answer<u64> {
        Engine::run_size(self, run)
    }
    fn runs(&self) -> impl Answer<Vec<String>> {
        Engine::runs(self)
    }
    fn fill_layer(&self, run: RunId, layer: &str, tar: impl Stream<Item = std::io::Result<Bytes>> + Send + 'static) -> impl Answer<()> {
        Engine::fill_layer(self, run, layer, tar)
    }
    fn has_layer(&self, run: RunId, layer: &str) -> impl Answer<bool> {
        Engine::has_layer(self, run, layer)
    }
    fn create(&self, spec: &AttemptSpec) -> impl Answer<()> {
        Engine::create(self, spec)
    }
    fn renew_aws(&self, key: &AttemptKey, json: &str) -> impl Answer<()> {
        Engine::renew_aws(self, key, json)
    }
    fn serve_agent(&self, key: &AttemptKey, answers: Answers) -> impl Answer<Serving> {
        Engine::serve_agent(self, key, answers)
    }
    fn start(&self, key: &AttemptKey) -> impl Answer<()> {
        Engine::start(self, key)
    }
    fn find(&self, key: &AttemptKey) -> impl Answer<Option<Found>> {
        Engine::find(self, key)
    }
    fn wait(&self, key: &AttemptKey) -> impl Answer<Ended> {
        Engine::wait(self, key)
    }
    fn signal(&self, key: &AttemptKey, signal: Signal) -> impl Answer<()> {
        Engine::signal(self, key, signal)
    }
    fn enter(&self, key: &AttemptKey, argv: &[String]) -> impl Answer<Option<i64>> {
        Engine::enter(self, key, argv)
    }
    fn remove(&self, key: &AttemptKey) -> impl Answer<()> {
        Engine::remove(self, key)
    }
    fn follow(&self, key: &AttemptKey, from: u64) -> Follow {
        Engine::follow(self, key, from)
    }
    fn project(&self, key: &AttemptKey) -> impl Answer<ValueInfo> {
        Engine::project(self, key)
    }
    fn read_value(&self, run: RunId, step: StepIx, limit: u64) -> impl Answer<Bytes> {
        Engine::read_value(self, run, step, limit)
    }
    fn forget_value(&self, run: RunId, step: StepIx) -> impl Answer<()> {
        Engine::forget_value(self, run, step)
    }
    fn spool_sum(&self, key: &AttemptKey) -> impl Answer<SpoolSum> {
        Engine::spool_sum(self, key)
    }
    fn forget_spool(&self, key: &AttemptKey) -> impl Answer<()> {
        Engine::forget_spool(self, key)
    }
    fn open_tree(&self, run: RunId, folders: &[Folder]) -> impl Answer<Tree> {
        Engine::open_tree(self, run, folders)
    }
    fn make_layers(&self, key: &AttemptKey, volume: &[Mounted]) -> impl Answer<()> {
        Engine::make_layers(self, key, volume)
    }
    fn restore_cache(&self, run: RunId, layer: &str, from: Option<(&str, usize)>) -> impl Answer<bool> {
        Engine::restore_cache(self, run, layer, from)
    }
    fn save_cache(&self, name: &str, folders: &[[Layer; 2]]) -> impl Answer<u64> {
        Engine::save_cache(self, name, folders)
    }
    fn forget_cache(&self, name: &str) -> impl Answer<()> {
        Engine::forget_cache(self, name)
    }
    fn caches(&self) -> impl Answer<Vec<String>> {
        Engine::caches(self)
    }
    fn prepare_build(&self, key: &AttemptKey, volume: &[Mounted]) -> impl Answer<()> {
        Engine::prepare_build(self, key, volume)
    }
    fn write_spool(&self, key: &AttemptKey, offset: u64, bytes: &[u8]) -> impl Answer<()> {
        Engine::write_spool(self, key, offset, bytes)
    }
    fn build(
        &self,
        spec: &BuildSpec,
        context: impl Stream<Item = std::io::Result<Bytes>> + Send + 'static,
        say: &Say,
    ) -> impl Answer<Built> {
        Engine::build(self, spec, context, say)
    }
    fn end_build(&self, key: &AttemptKey) -> impl Answer<()> {
        Engine::end_build(self, key)
    }
    fn name_image(&self, id: &str, name: &str) -> impl Answer<()> {
        Engine::name_image(self, id, name)
    }
    fn push_image(&self, name: &str, say: &Say) -> impl Answer<()> {
        Engine::push_image(self, name, say)
    }
}
