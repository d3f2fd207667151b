//! Services beside steps, in the words of a pipeline file.

use stories::{World, images};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_steps_call_two_services_alike_and_each_has_its_own() {
    let Some(world) = World::new().await else { return };
    // It has bash, which speaks TCP, and a resolver.
    let image = images::debian(&world.docker, "git").await.unwrap();
    let api = |who: &str| {
        format!(
            r#"    api:
      img: {image}
      env: {{WHO: {who}}}
      ready: perl -MIO::Socket -e 'IO::Socket::INET->new("127.0.0.1:8080") or exit 1'
      run: |
        perl -MIO::Socket -e '$| = 1; $server = IO::Socket::INET->new(LocalPort => 8080, Listen => 9) or die $!;
          print "listening as $ENV{{WHO}}\n"; while ($one = $server->accept) {{ print $one "$ENV{{WHO}}\n"; close $one }}'
"#
        )
    };
    let (first, second) = (api("first"), api("second"));
    let yaml = format!(
        r#"img: {image}
shell: bash
one:
  services:
{first}  run: cat < /dev/tcp/api/8080; sleep 1; cat < /dev/tcp/api/8080
  done: getent hosts api | wc -l
two:
  services:
{second}  run: cat < /dev/tcp/api/8080; sleep 1; cat < /dev/tcp/api/8080
nobody:
  run: sleep 1; if getent hosts api; then exit 1; fi
walls:
  services:
    probe:
      img: {image}
      shell: bash
      run: |
        for at in 169.254.169.254 169.254.170.2 fd00:ec2::254; do
          if (exec 3<> /dev/tcp/$at/80) 2> /tmp/said; then echo "$at answers"; else tail -n 1 /tmp/said; fi
        done
        grep -E 'CapEff|NoNewPrivs' /proc/self/status
        ls /var/run/docker.sock > /tmp/said 2>&1 || true
        cat /tmp/said
        touch /tmp/looked
        sleep 60
      ready: test -e /tmp/looked
  run: echo looked
"#
    );
    world.push("ci", &yaml).unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    run.ends("passed").await.unwrap();
    assert_eq!(run.value("one").await.unwrap(), b"first\nfirst\n");
    assert_eq!(run.value("two").await.unwrap(), b"second\nsecond\n");
    assert_eq!(run.log("one", "done").await.unwrap(), "1\n", "they are there for `done` too");
    // As a reader gets it: on disk it is frames, wherever a write or a read has cut it.
    let text = run.service_log("walls", "probe").await.unwrap();
    // Without any IPv6 address the kernel says so before it looks for a route.
    let walls = ["unreachable", "No route to host", "Cannot assign requested address"];
    assert_eq!(walls.iter().map(|words| text.matches(words).count()).sum::<usize>(), 3, "{text}");
    assert!(!text.contains("answers"), "{text}");
    assert!(
        text.contains("NoNewPrivs:\t1") && text.contains("CapEff:\t00000000000005fb") && text.contains("docker.sock': No such file"),
        "{text}"
    );
    assert!(run.service_log("two", "api").await.unwrap().contains("listening as second"));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_tests_against_a_real_postgresql() {
    let Some(world) = World::new().await else { return };
    let image = images::debian(&world.docker, "postgres").await.unwrap();
    let yaml = format!(
        "img: {image}
migrate:
  services:
    db:
      img: {image}
      ready: psql -U postgres -h 127.0.0.1 -c 'select 1'
  env: {{PGHOST: db, PGUSER: postgres}}
  run: |
    psql -qc 'create table t (name text)'
    psql -qc \"insert into t values ('one'), ('two')\"
    psql -Atc 'select count(*) from t'
test:
  after: migrate
  services:
    db:
      img: {image}
      ready: psql -U postgres -h 127.0.0.1 -c 'select 1'
  env: {{PGHOST: db, PGUSER: postgres}}
  run: |
    ! psql -c 'select * from t'
    psql -Atc 'show server_version_num' | cut -c1-2
"
    );
    world.push("ci", &yaml).unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    run.ends("passed").await.unwrap();
    assert_eq!(run.value("migrate").await.unwrap(), b"2\n");
    assert_eq!(run.value("test").await.unwrap(), b"15\n", "a database of its own, empty");
    assert!(run.service_log("test", "db").await.unwrap().contains("database system is ready to accept connections"));
    world.close().await;
}
