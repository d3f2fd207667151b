//! Images made of what steps have left.

use crate::scene::Scene;
use crate::support::plans::{StepWords as _, step};
use dockercise_pipeline::frame::Stream;
use dockercise_pipeline::ids::{Phase, PipelineIx};
use dockercise_pipeline::outcome::Outcome;
use dockercise_pipeline::plan::{BuildPlan, ImageFrom, StepPlan, Work};

/// A step that makes an image of a folder that step 0 has left.
fn build(context: &str) -> StepPlan {
    let build = BuildPlan { context: context.into(), file: "Dockerfile".into(), args: Vec::new(), tags: Vec::new(), push: false };
    StepPlan::new("", PipelineIx(0), Work::Build { build }).vol(0)
}

fn remarks(scene: &Scene, run: usize, step: u32) -> String {
    scene.server.text(run, step, Phase::Run, Stream::Remark)
}

/// No byte of the host gets into an image, and nothing in a context holds a build up.
#[tokio::test(flavor = "multi_thread")]
async fn s38_s41_a_context_is_files_and_links_as_they_are_and_has_an_end() {
    let scene = scene!();
    let runner = scene.runner();
    let made = step(
        "mkdir -p good/deep outside bomb; cd good; ln -s /etc/shadow link; ln -s ../../outside deep/up; mkfifo pipe; echo same > one; ln one two
        echo odd > \"$(printf 'new\\nline')\"; long=$(head -c 200 /dev/zero | tr '\\0' d); mkdir $long; echo far > $long/$long; chmod 755 one; echo no > secret; echo secret > .dockerignore
        printf 'FROM dct-busybox:busybox\\nENV PATH=/bin\\nCOPY . /c\\nRUN cd /c; ls -A | wc -l; readlink link; cat */d*; ls -l one | cut -c1-10; wc -l < \"$(printf \"new\\\\nline\")\"\\nCMD [\"cat\", \"/c/one\"]\\n' > Dockerfile
        cd ..; ln -s good/Dockerfile outside/Dockerfile; ln -s good linked
        echo FROM scratch > bomb/Dockerfile; dd if=/dev/null of=bomb/sparse bs=1M seek=1048576 2>/dev/null",
    );
    let mut user = step("").after(1);
    user.work = Work::Image { image: ImageFrom::Step { step: dockercise_pipeline::ids::StepIx(1) } };
    let run = scene.submit(vec![made, build("good"), build("outside"), build("linked"), build("bomb"), user]);
    scene.server.until_released(run).await;
    let said = scene.server.text(run, 1, Phase::Run, Stream::Stderr);
    assert_eq!(scene.server.outcome(run, 1), Some(Outcome::Passed), "{said}\n{}", remarks(&scene, run, 1));
    // The Dockerfile, what is not sent and its list, three links and two names of a file, a folder and two odd ones.
    assert!(said.contains("\n8\n/etc/shadow\nfar\n-rwxr-xr-x\n1\n"), "{said}");
    assert_eq!(scene.out(run, 5), "same\n", "the image's own command");
    for (step, words) in [
        (2, "there is no `Dockerfile` in `outside`"),
        (3, "there is no `Dockerfile` in `linked`"),
        (4, "the folder that the image is made from is too large"),
    ] {
        assert_eq!(scene.server.outcome(run, step), Some(Outcome::Failed { code: 1 }));
        assert!(remarks(&scene, run, step).starts_with(words), "{}", remarks(&scene, run, step));
    }
    scene.end(runner).await;
}

/// R03 for a step that has no container: the engine gives the build up, and nobody says that it passed.
#[tokio::test(flavor = "multi_thread")]
async fn r03_a_build_under_way_when_the_runner_dies_is_infra() {
    let scene = scene!();
    let first = scene.runner();
    let made = step("printf 'FROM dct-busybox:busybox\\nENV PATH=/bin\\nRUN echo here; sleep 600\\n' > Dockerfile");
    // The last one gives the second runner time to put away what the first had made ahead.
    let run = scene.submit(vec![made, build("."), step("").after(1), step("sleep 6")]);
    scene.server.until("it speaks", |k| k.text(run, 1, Phase::Run, Stream::Stderr).contains("here\n")).await;
    drop(first);
    let second = scene.runner();
    scene.server.until_released(run).await;
    let Some(Outcome::Infra { reason }) = scene.server.outcome(run, 1) else { panic!("{:?}", scene.server.outcome(run, 1)) };
    assert!(reason.contains("the runner ended while the image was being made"), "{reason}");
    assert!(matches!(scene.server.outcome(run, 2), Some(Outcome::Skipped { .. })));
    scene.end(second).await;
}
