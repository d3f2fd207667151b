-- How a repository came to be connected, or is being disconnected: what is wanted, each step of it and what became of it.
-- Written before anything is done at GitHub, so that what was begun is finished or undone. By GitHub's numeric id.
create table connection (
    repository bigint primary key not null,
    full_name text not null,
    account text not null references account (id),
    want text not null check (want in ('connect', 'undo', 'disconnect')),
    state text not null check (state in ('doing', 'done', 'failed')),
    -- `Step`s, JSON
    steps text not null,
    -- what the files of the default branch say (`Found`, JSON); null until they are read
    found text,
    -- it was not connected before: what was made for it is undone if it cannot be
    fresh boolean not null default false,
    -- sealed: the token of who asked
    token blob not null,
    person bigint,
    asked_by text not null,
    -- grows each time somebody takes it on: who was overtaken writes nothing
    fence bigint not null default 0,
    attempts bigint not null default 0,
    began_at text not null,
    due_at text not null
);
create index connection_due on connection (due_at) where state = 'doing';

-- Since when its deliveries are refused.
alter table repository add column disconnected_at text;
