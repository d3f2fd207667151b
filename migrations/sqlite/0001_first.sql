-- An account is where runs happen and results lie: `local` is this computer.
create table account (
    id text primary key not null,
    created_at text not null
);
insert into account (id, created_at) values ('local', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'));

-- Settings that the server makes for itself, such as the runner's token.
create table setting (
    name text primary key not null,
    value blob not null
);

-- A connected repository, by GitHub's numeric id. Secrets are sealed with a key that is not in this file.
create table repository (
    id bigint primary key not null,
    account text not null references account (id),
    owner text not null,
    name text not null,
    web_url text not null,
    ssh_url text not null,
    default_branch text not null,
    hook_key text not null unique,
    hook_id bigint,
    deploy_key_id bigint,
    hook_secret blob not null,
    deploy_key blob not null,
    token blob not null,
    known_hosts text not null,
    connected_at text not null,
    verified_at text
);

-- The webhook inbox: raw bodies as they came, stored before the answer.
create table delivery (
    id blob primary key not null,
    repository bigint not null references repository (id),
    hook text not null,
    guid text not null,
    event text not null,
    body blob not null,
    received_at text not null,
    state text not null check (state in ('waiting', 'done', 'ignored', 'failed')),
    note text not null default '',
    attempts bigint not null default 0,
    due_at text not null,
    run blob,
    unique (hook, guid)
);
create index delivery_waiting on delivery (due_at) where state = 'waiting';

-- Who has which slug, for ever.
create table pipeline (
    account text not null references account (id),
    slug text not null,
    repository bigint not null references repository (id),
    name text not null,
    last_number bigint not null default 0,
    primary key (account, slug),
    unique (repository, account, name)
);

-- A run: the merged graph of one event at one commit. `plan` is null where the files were bad.
create table run (
    id blob primary key not null,
    repository bigint not null references repository (id),
    account text not null references account (id),
    trigger text not null,
    git_ref text not null,
    sha text not null,
    message text not null,
    author text not null,
    plan text,
    diagnostics text not null,
    version bigint not null default 1,
    fence bigint not null default 0,
    job bigint,
    over boolean not null,
    created_at text not null,
    rerun_of blob
);
create index run_live on run (created_at) where not over;

create table run_step (
    run blob not null references run (id),
    ix bigint not null,
    state text not null,
    image_id text,
    record text,
    primary key (run, ix)
);

create table run_pipeline (
    run blob not null references run (id),
    ix bigint not null,
    name text not null,
    file text not null,
    slug text not null,
    account text not null,
    number bigint,
    state text not null,
    git_ref text not null,
    sha text not null,
    repository bigint not null,
    rerun_of bigint,
    -- when its time will be up, if it goes on running as it does now
    deadline text,
    primary key (run, ix),
    unique (account, slug, number)
);
create index run_pipeline_deadline on run_pipeline (deadline) where deadline is not null;
create index run_pipeline_newest on run_pipeline (repository, git_ref, name, number);

create table run_gate (
    run blob not null references run (id),
    ix bigint not null,
    state text not null,
    primary key (run, ix)
);

-- The part of a run that goes on without a person, on one host, under a fence.
create table job (
    id blob primary key not null,
    run blob not null references run (id),
    fence bigint not null,
    host text,
    created_at text not null,
    claimed_at text,
    ended_at text,
    reports bigint not null default 0,
    orders bigint not null default 0,
    unique (run, fence)
);
create index job_open on job (created_at) where ended_at is null;

create table job_order (
    job blob not null references job (id),
    number bigint not null,
    stamped text not null,
    primary key (job, number)
);

-- Something to be done outside, once it is due; `key` makes it idempotent.
create table effect (
    key text primary key not null,
    kind text not null,
    payload text not null,
    wanted bigint not null default 1,
    done bigint not null default 0,
    attempts bigint not null default 0,
    due_at text not null,
    error text not null default ''
);
create index effect_due on effect (due_at) where done < wanted;

-- Who did what. Never changed, never deleted.
create table audit (
    at text not null,
    who text not null,
    what text not null,
    target text not null
);
