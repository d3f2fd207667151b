-- What of the plan takes part in a run (`Selection`, JSON); null in runs made before this.
alter table run add column selection text;

-- When a gate that waits cannot be clicked any more.
alter table run_gate add column deadline text;
create index run_gate_deadline on run_gate (deadline) where deadline is not null;

-- When a job that no host has taken is to be looked at.
alter table job add column queue_due text;
create index job_queue_due on job (queue_due) where host is null and ended_at is null;

-- The pipelines in the files at the newest known commit of a repository's default branch, as people may start them.
create table definition (
    repository bigint not null references repository (id),
    name text not null,
    file text not null,
    sha text not null,
    -- `On`, JSON
    starts text not null,
    primary key (repository, name)
);

-- Times at which those pipelines are started.
create table schedule (
    repository bigint not null references repository (id),
    pipeline text not null,
    cron text not null,
    next_at text not null,
    primary key (repository, pipeline, cron)
);
create index schedule_next on schedule (next_at);

-- What is asked for by a person, a time, or this server itself; webhooks have an inbox of their own.
create table request (
    id blob primary key not null,
    repository bigint not null references repository (id),
    -- `Wanted`, JSON
    wanted text not null,
    asked_by text not null,
    asked_at text not null,
    state text not null check (state in ('waiting', 'done', 'refused')),
    note text not null default '',
    attempts bigint not null default 0,
    due_at text not null,
    run blob
);
create index request_waiting on request (due_at) where state = 'waiting';

-- Runs that are over and whose values and volumes a host still has.
create table kept_run (
    run blob primary key not null references run (id),
    host text not null,
    bytes bigint not null,
    since text not null
);

-- A run that goes on from what steps of another one left.
create table run_source (
    run blob not null references run (id),
    source blob not null references run (id),
    primary key (run, source)
);
