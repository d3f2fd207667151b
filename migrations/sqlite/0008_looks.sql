-- Where a repository stands at GitHub, as it was found last: `ok`, `archived`, `gone`, `refused`, `no-hook`; and why, in words.
alter table repository add column standing text not null default 'ok';
alter table repository add column standing_note text not null default '';
-- `private` or `public`.
alter table repository add column visibility text not null default 'private';
-- When it was last looked at whether anything was missed, and when that comes next; the same of its branches.
alter table repository add column looked_at text;
alter table repository add column look_due text;
alter table repository add column heads_due text;
-- Is it known where its branches were when it was connected?
alter table repository add column heads_known boolean not null default false;
create index repository_look on repository (look_due) where look_due is not null;

-- Where a branch was when last something was decided for it, and where it was before that.
create table head (
    repository bigint not null references repository (id),
    git_ref text not null,
    sha text not null,
    was text not null default '',
    primary key (repository, git_ref)
);

-- Commits that were found by looking, so that their deliveries, should they come after all, are not news.
create table found (
    repository bigint not null references repository (id),
    git_ref text not null,
    sha text not null,
    found_at text not null,
    primary key (repository, git_ref, sha)
);

-- What GitHub was asked to deliver once more: the try that had failed, and how often it was asked.
create table redelivery (
    repository bigint not null references repository (id),
    guid text not null,
    entry bigint not null,
    times bigint not null,
    asked_at text not null,
    primary key (repository, guid)
);

-- Of which repository an effect is, and what was sent last: the same is not sent twice.
alter table effect add column repository bigint;
alter table effect add column sent text not null default '';
create index run_pipeline_at on run_pipeline (repository, sha, name);

-- What is to be said of how the run came to be.
alter table run add column note text not null default '';
