//! A Docker host in memory. It outlives the runners that use it, as a real one does.
//!
//! A step's script here is words: `out N` (bytes on stdout), `err N`, `wait MS`, `exit CODE`, `stubborn` (TERM does
//! nothing).

pub mod build;
mod read;

use crate::engine::{
    Answers, AttemptKey, AttemptSpec, BuildSpec, Built, Ended, EngineError, Folder, Found, ImageConfig, ImageRef, Layer, Mounted, Say,
    Serving, Signal, SpoolSum, Tell, ValueInfo,
};
use crate::host::Host;
use crate::tests::support::server::{project, sha256};
use bytes::Bytes;
use dockercise_pipeline::frame;
use dockercise_pipeline::ids::{Phase, RunId, StepIx};
use dockercise_pipeline::wire::ResolvedImage;
use futures_util::{Stream, StreamExt as _};
pub use read::{FakeSpool, FakeTree};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// What became of one container.
#[derive(Debug, Default, Clone)]
pub struct Container {
    pub created: u32,
    pub started: u32,
    pub removed: bool,
    pub exit: Option<i64>,
    pub spool: Vec<u8>,
    pub spec: Option<AttemptSpec>,
    stubborn: bool,
    signal: Option<Signal>,
}

/// The host's state.
#[derive(Debug, Default)]
pub struct World {
    pub containers: BTreeMap<AttemptKey, Container>,
    pub layers: BTreeSet<(RunId, String)>,
    pub values: BTreeMap<(RunId, StepIx), Vec<u8>>,
    pub open: BTreeSet<RunId>,
    pub faults: Vec<String>,
    /// What images were made, and what they were called, and what was pushed.
    pub builds: Vec<BuildSpec>,
    pub named: Vec<(String, String)>,
    pub pushed: Vec<String>,
    /// The caches that are kept, and which layer began as which of them.
    pub caches: BTreeMap<String, Vec<[Layer; 2]>>,
    pub restored: Vec<(String, Option<String>)>,
    /// From now on every image's name stands for another one.
    pub tags_moved: bool,
    running: usize,
    pub most_running: usize,
}

/// See the module. Cheap to clone.
#[derive(Clone)]
pub struct FakeHost {
    world: Arc<Mutex<World>>,
    changed: watch::Sender<u64>,
    /// Of a thousand calls, so many find nobody.
    away: u32,
}

impl FakeHost {
    pub fn new(away: u32) -> FakeHost {
        FakeHost { world: Arc::default(), changed: watch::channel(0).0, away }
    }

    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Marked whenever something happens here.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    fn poke(&self) {
        self.changed.send_modify(|n| *n += 1);
    }

    /// Time passes, and the connection may be lost before anything is done.
    async fn call(&self) -> Result<(), EngineError> {
        tokio::time::sleep(Duration::from_micros(u64::from(rand::random::<u32>() % 2000))).await;
        if rand::random::<u32>() % 1000 < self.away {
            return Err(EngineError::Unreachable { address: "nowhere".into(), words: "on purpose".into() });
        }
        Ok(())
    }

    /// Runs the words of a script, in a thread that knows nothing of the runner.
    fn live(&self, key: AttemptKey, script: String) {
        let this = self.clone();
        std::thread::spawn(move || {
            let mut code = 0;
            let mut words = script.split_whitespace();
            while let Some(word) = words.next() {
                let mut number = || words.next().and_then(|n| n.parse::<u64>().ok()).unwrap_or(0);
                match word {
                    "out" => this.write(key, frame::Stream::Stdout, number()),
                    "err" => this.write(key, frame::Stream::Stderr, number()),
                    "wait" if this.rests(key, number()) => {}
                    "exit" => code = number() as i64,
                    "stubborn" => this.world().containers.get_mut(&key).unwrap().stubborn = true,
                    _ => {
                        code = 143;
                        break;
                    }
                }
            }
            let mut world = this.world();
            world.running -= 1;
            world.containers.get_mut(&key).unwrap().exit = Some(code);
            drop(world);
            this.poke();
        });
    }

    fn write(&self, key: AttemptKey, stream: frame::Stream, bytes: u64) {
        let mut world = self.world();
        let spool = &mut world.containers.get_mut(&key).unwrap().spool;
        let payload: Vec<u8> = (0..bytes).map(|i| b'a' + ((i + u64::from(key.attempt.step.0)) % 26) as u8).collect();
        for piece in payload.chunks(frame::MAX_PAYLOAD) {
            spool.extend(frame::header(stream, 1, piece.len()));
            spool.extend(piece);
        }
        drop(world);
        self.poke();
    }

    /// False where a signal ended it.
    fn rests(&self, key: AttemptKey, ms: u64) -> bool {
        let end = std::time::Instant::now() + Duration::from_millis(ms);
        loop {
            let container = self.world().containers[&key].clone();
            match container.signal {
                Some(Signal::Kill) => return false,
                Some(Signal::Term) if !container.stubborn => return false,
                _ => {}
            }
            let left = end.saturating_duration_since(std::time::Instant::now());
            if left.is_zero() {
                return true;
            }
            std::thread::sleep(left.min(Duration::from_millis(2)));
        }
    }

    fn make(&self, spec: &AttemptSpec) {
        let mut world = self.world();
        let run = spec.key.run;
        let mut chains = spec.volume.iter().flat_map(|mounted| &mounted.chain);
        let missing = chains.any(|layer| !world.layers.contains(&(layer.run, layer.name.clone())))
            || spec.values.iter().any(|value| !world.values.contains_key(&(value.run, value.step)))
            || !world.open.contains(&run);
        if missing {
            world.faults.push(format!("{:?} has not what it starts from: {spec:?}", spec.key));
        }
        let here = world.containers.entry(spec.key).or_default();
        if here.created == 0 || here.removed {
            here.created += 1;
            here.removed = false;
            here.spec = Some(spec.clone());
        }
    }

    fn ended(container: &Container) -> Option<Ended> {
        let code = container.exit?;
        Some(Ended { code, oom_killed: false, started_at: None, finished_at: None, error: None })
    }

    fn gone(key: &AttemptKey) -> EngineError {
        EngineError::Gone { name: format!("{key:?}") }
    }
}

impl Host for FakeHost {
    type Spool = FakeSpool;
    type Left = FakeTree;

    async fn find_image(&self, image: &ResolvedImage, _tell: &Tell) -> Result<ImageRef, EngineError> {
        self.call().await?;
        Ok(ImageRef { id: image.id.clone(), digest: image.digest.clone(), pulled: false, config: ImageConfig::default() })
    }

    async fn resolve_image(&self, image: &str, tell: &Tell) -> Result<ImageRef, EngineError> {
        self.call().await?;
        if image == "other" {
            tell(format!("pulling {image}"));
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        if image == "missing" {
            return Err(EngineError::Image { image: image.into(), words: "no such image".into() });
        }
        let moved = if self.world().tags_moved { "-moved" } else { "" };
        Ok(ImageRef { id: format!("sha256:{image}{moved}"), digest: None, pulled: false, config: ImageConfig::default() })
    }

    async fn public_image(&self, image: &str, tell: &Tell) -> Result<ImageRef, EngineError> {
        self.resolve_image(image, tell).await
    }

    async fn open_run(&self, run: RunId) -> Result<(), EngineError> {
        self.call().await?;
        self.world().open.insert(run);
        Ok(())
    }

    async fn rest_run(&self, run: RunId) -> Result<(), EngineError> {
        self.call().await?;
        let running = |(key, c): (&AttemptKey, &Container)| key.run == run && c.started > 0 && c.exit.is_none() && !c.removed;
        assert!(!self.world().containers.iter().any(running), "a run with a running step was put to rest");
        Ok(())
    }

    async fn close_run(&self, run: RunId) -> Result<(), EngineError> {
        self.call().await?;
        let mut world = self.world();
        world.open.remove(&run);
        world.layers.retain(|(r, _)| *r != run);
        world.values.retain(|(r, _), _| *r != run);
        world.containers.iter_mut().filter(|(k, _)| k.run == run).for_each(|(_, c)| c.removed = true);
        drop(world);
        self.poke();
        Ok(())
    }

    async fn run_size(&self, run: RunId) -> Result<u64, EngineError> {
        self.call().await?;
        Ok(self.world().layers.iter().filter(|(of, _)| *of == run).count() as u64)
    }

    async fn runs(&self) -> Result<Vec<String>, EngineError> {
        self.call().await?;
        Ok(self.world().open.iter().map(ToString::to_string).collect())
    }

    async fn fill_layer(
        &self,
        run: RunId,
        layer: &str,
        tar: impl Stream<Item = std::io::Result<Bytes>> + Send + 'static,
    ) -> Result<(), EngineError> {
        tar.for_each(|_| async {}).await;
        self.world().layers.insert((run, layer.to_owned()));
        Ok(())
    }

    async fn has_layer(&self, run: RunId, layer: &str) -> Result<bool, EngineError> {
        self.call().await?;
        Ok(self.world().layers.contains(&(run, layer.to_owned())))
    }

    async fn create(&self, spec: &AttemptSpec) -> Result<(), EngineError> {
        self.call().await?;
        self.make(spec);
        self.call().await
    }

    async fn renew_aws(&self, _: &AttemptKey, _: &str) -> Result<(), EngineError> {
        Ok(())
    }

    async fn serve_agent(&self, _: &AttemptKey, _: Answers) -> Result<Serving, EngineError> {
        Err(EngineError::Unusable("no step has an agent here".to_owned()))
    }

    async fn start(&self, key: &AttemptKey) -> Result<(), EngineError> {
        self.call().await?;
        {
            let mut world = self.world();
            let here = world.containers.get_mut(key).filter(|c| !c.removed).ok_or_else(|| Self::gone(key))?;
            if here.started == 0 {
                here.started = 1;
                let spec = here.spec.clone().unwrap();
                world.running += 1;
                world.most_running = world.most_running.max(world.running);
                self.live(*key, spec.argv[2].clone());
            }
        }
        self.call().await
    }

    async fn find(&self, key: &AttemptKey) -> Result<Option<Found>, EngineError> {
        self.call().await?;
        let world = self.world();
        let Some(here) = world.containers.get(key).filter(|c| !c.removed) else { return Ok(None) };
        Ok(Some(match Self::ended(here) {
            Some(ended) => Found::Exited(ended),
            None if here.started > 0 => Found::Running,
            None => Found::Created,
        }))
    }

    async fn wait(&self, key: &AttemptKey) -> Result<Ended, EngineError> {
        let mut changed = self.changed.subscribe();
        loop {
            changed.borrow_and_update();
            {
                let world = self.world();
                let here = world.containers.get(key).filter(|c| !c.removed).ok_or_else(|| Self::gone(key))?;
                if let Some(ended) = Self::ended(here) {
                    // What it wrote last makes the layer.
                    let volume = here.spec.clone().unwrap().volume;
                    drop(world);
                    self.world().layers.extend(volume.into_iter().map(|mounted| (key.run, mounted.layer)));
                    return Ok(ended);
                }
            }
            changed.changed().await.unwrap();
        }
    }

    async fn signal(&self, key: &AttemptKey, signal: Signal) -> Result<(), EngineError> {
        self.call().await?;
        if let Some(here) = self.world().containers.get_mut(key) {
            here.signal = Some(signal);
        }
        Ok(())
    }

    async fn enter(&self, key: &AttemptKey, argv: &[String]) -> Result<Option<i64>, EngineError> {
        self.call().await?;
        let runs = self.world().containers.get(key).is_some_and(|c| c.started > 0 && c.exit.is_none() && !c.removed);
        Ok(runs.then(|| i64::from(argv.iter().any(|word| word == "never"))))
    }

    async fn remove(&self, key: &AttemptKey) -> Result<(), EngineError> {
        self.call().await?;
        if let Some(here) = self.world().containers.get_mut(key) {
            here.removed = true;
        }
        self.poke();
        Ok(())
    }

    fn follow(&self, key: &AttemptKey, from: u64) -> FakeSpool {
        let (finish, finished) = watch::channel(false);
        let (this, key) = (self.clone(), *key);
        let state = (from as usize, this.changed.subscribe(), finished);
        let bytes = futures_util::stream::unfold(state, move |(at, mut changed, mut finished)| {
            let this = this.clone();
            async move {
                loop {
                    changed.borrow_and_update();
                    let done = *finished.borrow_and_update();
                    if rand::random::<u32>() % 1000 < this.away {
                        let error = EngineError::Unreachable { address: "nowhere".into(), words: "on purpose".into() };
                        return Some((Err(error), (at, changed, finished)));
                    }
                    let more = this.world().containers.get(&key).and_then(|c| c.spool.get(at..).map(<[u8]>::to_vec)).unwrap_or_default();
                    if !more.is_empty() {
                        let piece = more[..more.len().min(1 + rand::random::<u32>() as usize % 5000)].to_vec();
                        let next = at + piece.len();
                        return Some((Ok(Bytes::from(piece)), (next, changed, finished)));
                    }
                    if done {
                        return None;
                    }
                    tokio::select! {
                        r = changed.changed() => r.unwrap(),
                        r = finished.changed() => r.unwrap(),
                    }
                }
            }
        });
        FakeSpool { bytes: Box::pin(bytes), finish }
    }

    async fn project(&self, key: &AttemptKey) -> Result<ValueInfo, EngineError> {
        self.call().await?;
        let mut world = self.world();
        let value = project(&world.containers.get(key).ok_or_else(|| Self::gone(key))?.spool, frame::Stream::Stdout);
        world.values.insert((key.run, key.attempt.step), value.clone());
        Ok(ValueInfo { length: value.len() as u64, sha256: sha256(&value), damaged_at: None })
    }

    async fn read_value(&self, run: RunId, step: StepIx, limit: u64) -> Result<Bytes, EngineError> {
        self.call().await?;
        let world = self.world();
        let value = world.values.get(&(run, step)).ok_or(EngineError::Unusable("no such value".into()))?;
        Ok(Bytes::from(value[..value.len().min(limit as usize)].to_vec()))
    }

    async fn forget_value(&self, run: RunId, step: StepIx) -> Result<(), EngineError> {
        self.call().await?;
        self.world().values.remove(&(run, step));
        Ok(())
    }

    async fn spool_sum(&self, key: &AttemptKey) -> Result<SpoolSum, EngineError> {
        self.call().await?;
        let world = self.world();
        let spool = &world.containers.get(key).ok_or_else(|| Self::gone(key))?.spool;
        Ok(SpoolSum { length: spool.len() as u64, sha256: sha256(spool) })
    }

    async fn forget_spool(&self, key: &AttemptKey) -> Result<(), EngineError> {
        self.call().await?;
        // Kept, for the test to compare; but whoever asks for it now is at fault.
        if key.phase == Phase::Run && self.world().containers.get(key).is_some_and(|c| c.started > 0 && c.exit.is_none() && !c.removed) {
            self.world().faults.push(format!("{key:?} is forgotten while it runs"));
        }
        Ok(())
    }

    async fn open_tree(&self, _run: RunId, folders: &[Folder]) -> Result<FakeTree, EngineError> {
        self.call().await?;
        let missing = |layer: &Layer| !self.world().layers.contains(&(layer.run, layer.name.clone()));
        if folders.is_empty() || folders.iter().flat_map(|f| &f.layers).any(missing) {
            self.world().faults.push(format!("a tree is opened that is not there: {folders:?}"));
        }
        Ok(FakeTree { host: self.clone(), piece: None })
    }
    async fn make_layers(&self, key: &AttemptKey, volume: &[Mounted]) -> Result<(), EngineError> {
        self.call().await?;
        self.world().layers.extend(volume.iter().map(|mounted| (key.run, mounted.layer.clone())));
        Ok(())
    }

    async fn restore_cache(&self, run: RunId, layer: &str, from: Option<(&str, usize)>) -> Result<bool, EngineError> {
        self.call().await?;
        let mut world = self.world();
        if !world.layers.insert((run, layer.to_owned())) {
            return Ok(true);
        }
        let found = from.filter(|(name, place)| world.caches.get(*name).is_some_and(|folders| folders.len() > *place));
        world.restored.push((layer.to_owned(), found.map(|(name, _)| name.to_owned())));
        Ok(from.is_none() || found.is_some())
    }

    async fn save_cache(&self, name: &str, folders: &[[Layer; 2]]) -> Result<u64, EngineError> {
        self.call().await?;
        let mut world = self.world();
        if folders.iter().flatten().any(|layer| !world.layers.contains(&(layer.run, layer.name.clone()))) {
            world.faults.push(format!("what is to be kept is not there: {folders:?}"));
        }
        world.caches.insert(name.to_owned(), folders.to_vec());
        Ok(100)
    }

    async fn forget_cache(&self, name: &str) -> Result<(), EngineError> {
        self.call().await?;
        self.world().caches.remove(name);
        Ok(())
    }

    async fn caches(&self) -> Result<Vec<String>, EngineError> {
        self.call().await?;
        Ok(self.world().caches.keys().cloned().collect())
    }

    async fn prepare_build(&self, key: &AttemptKey, volume: &[Mounted]) -> Result<(), EngineError> {
        self.call().await?;
        self.prepare(key, volume);
        self.call().await
    }

    async fn write_spool(&self, key: &AttemptKey, offset: u64, bytes: &[u8]) -> Result<(), EngineError> {
        self.call().await?;
        self.write_at(key, offset as usize, bytes);
        self.call().await
    }

    async fn build(
        &self,
        spec: &BuildSpec,
        context: impl Stream<Item = std::io::Result<Bytes>> + Send + 'static,
        say: &Say,
    ) -> Result<Built, EngineError> {
        let read: Vec<_> = context.collect().await;
        match read.into_iter().find_map(Result::err) {
            Some(error) => Err(EngineError::Input { doing: "the context".into(), source: error.into() }),
            None => self.make_image(spec, say).await,
        }
    }

    async fn end_build(&self, _: &AttemptKey) -> Result<(), EngineError> {
        self.call().await
    }

    async fn name_image(&self, id: &str, name: &str) -> Result<(), EngineError> {
        self.call().await?;
        self.world().named.push((id.to_owned(), name.to_owned()));
        Ok(())
    }

    async fn push_image(&self, name: &str, _: &Say) -> Result<(), EngineError> {
        self.world().pushed.push(name.to_owned());
        Ok(())
    }
}
