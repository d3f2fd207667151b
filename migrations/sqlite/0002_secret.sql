-- Secrets that people give to steps, sealed with a key that is not in this file. `repository` is null for the whole account's.
create table secret (
    account text not null references account (id),
    repository bigint references repository (id),
    name text not null,
    value blob not null,
    created_at text not null,
    updated_at text not null,
    updated_by text not null
);
create unique index secret_place on secret (account, coalesce(repository, 0), name);
