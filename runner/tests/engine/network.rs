//! Namespaces of the network.

use dockercise_runner::engine::Signal;

#[tokio::test]
async fn steps_do_not_meet_in_the_network() {
    let rig = rig!();
    let script = "nc -l -p 5432 & sleep 1; cat /proc/net/tcp* | grep :1538; echo up; sleep 100";
    let (one, two) = (rig.spec(0, script), rig.spec(1, script));
    tokio::join!(rig.start(&one), rig.start(&two));
    tokio::join!(rig.until(&one.key, 0, "up"), rig.until(&two.key, 0, "up"));
    assert!(rig.is_running(&one.key).await && rig.is_running(&two.key).await);
    for key in [one.key, two.key] {
        rig.engine.signal(&key, Signal::Kill).await.unwrap();
        assert_eq!(rig.wait(&key).await.code, 137);
    }
    rig.end().await;
}

#[tokio::test]
async fn metadata_services_are_out_of_reach() {
    let rig = rig!();
    let script = "for to in 169.254.169.254 169.254.170.2; do ping -c 1 -w 2 $to; nc -w 2 $to 80; done 2>&1 || true; ip route del unreachable 169.254.0.0/16 2>&1 || true; ip route";
    let (code, output) = rig.sh(0, script).await;
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("No route to host") || text.contains("Host is unreachable"), "{text}");
    assert!(!text.contains("bytes from") && !text.contains("open"), "{text}");
    assert!(text.contains("Operation not permitted"), "{text}");
    assert!(text.lines().any(|line| line.starts_with("unreachable 169.254.0.0/16")), "{text}");
    rig.end().await;
}
