//! Any folder with pipeline files.

use stories::Local;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_is_no_checkout_is_run_as_it_is() {
    let Some(local) = Local::new().await else { return };
    let pipeline = "img: IMAGE
build:
  vol: source
  run: cat words && echo made > made && echo noise >&2
use:
  vol: build
  env: [build]
  run: cat made {build}; echo $BUILD; test ! -e .dockercise
";
    local.write("ci.dockercise.yaml", pipeline).unwrap();
    local.write("words", "hello from here\n").unwrap();
    let said = local.call(&["run"]).unwrap();
    assert_eq!((said.code, said.err.as_str()), (0, ""), "{}", said.out);
    assert_eq!(local.result("ci/build/value").unwrap(), b"hello from here\n");
    assert_eq!(local.result("ci/use/value").unwrap(), b"made\nhello from here\nhello from here\n");
    assert!(String::from_utf8(local.result("ci/build/run.log").unwrap()).unwrap().contains("noise\n"));
    assert!(local.hosts().is_empty(), "its state is put away");
}
