//! The socket of a step's ssh agent. What is said over it is a story (`stories/tests/around/agent.rs`): busybox speaks to no
//! socket of that kind.

use std::sync::Arc;

const LOOK: &str = "test -S $SSH_AUTH_SOCK && test -w $SSH_AUTH_SOCK && echo $SSH_AUTH_SOCK; cat /dockercise/go/known_hosts; id -u
    rm -f $SSH_AUTH_SOCK 2>/dev/null || echo stays";

#[tokio::test]
async fn whoever_a_step_runs_as_may_speak_to_its_agent() {
    let rig = rig!();
    for (step, user) in ["0", "65534"].into_iter().enumerate() {
        let mut spec = rig.spec(u32::try_from(step).unwrap(), LOOK);
        spec.known_hosts = Some("host key\n".to_owned());
        spec.user = user.to_owned();
        rig.engine.create(&spec).await.unwrap();
        let serving = rig.engine.serve_agent(&spec.key, Arc::new(|message: &[u8]| message.to_vec())).await.unwrap();
        rig.engine.start(&spec.key).await.unwrap();
        assert_eq!(rig.wait(&spec.key).await.code, 0);
        let said = String::from_utf8(rig.output(&spec.key).await.stdout).unwrap();
        assert_eq!(said, format!("/dockercise/go/agent\nhost key\n{user}\nstays\n"));
        drop(serving);
    }
    rig.end().await;
}

#[tokio::test]
async fn without_an_agent_there_is_no_socket() {
    let rig = rig!();
    let (code, output) = rig.sh(0, "env | grep SSH || echo none; ls /dockercise/go").await;
    assert_eq!((code, &output.stdout[..]), (0, &b"none\ninit\nspec.json\n"[..]));
    rig.end().await;
}
