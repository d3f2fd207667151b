-- People who have logged in, by GitHub's numeric id. The token, sealed, is what their rights are asked with.
create table person (
    id bigint primary key not null,
    login text not null,
    name text not null,
    -- one who runs this server: whoever claimed it, and whom its settings name
    admin boolean not null,
    token blob not null,
    first_at text not null,
    last_at text not null
);

-- Logins under way: sums of what the browser holds, and the sealed verifier of PKCE.
create table login (
    state blob primary key not null,
    cookie blob not null,
    verifier blob not null,
    return_to text not null,
    claims boolean not null,
    began_at text not null
);

-- A browser's session, by the sum of its cookie.
create table session (
    id blob primary key not null,
    person bigint not null references person (id),
    began_at text not null,
    ends_at text not null,
    address text not null
);
create index session_person on session (person);

-- Tokens for programs, by the sum of what they send.
create table token (
    id blob primary key not null,
    person bigint not null references person (id),
    name text not null,
    sum blob not null unique,
    scope text not null check (scope in ('read', 'run', 'admin')),
    made_at text not null,
    ends_at text not null,
    used_at text
);
create index token_person on token (person);

-- The trail of who did what, now with who that was by number, from where, and a sum over each line and the one before it.
-- Lines from before this version have no sum.
alter table audit rename to audit_before;
create table audit (
    number bigint primary key not null,
    at text not null,
    person bigint,
    who text not null,
    what text not null,
    target text not null,
    address text not null,
    sum blob not null
);
insert into audit (number, at, person, who, what, target, address, sum)
    select row_number() over (order by at), at, null, who, what, target, '', x'' from audit_before;
drop table audit_before;
