-- What an image's name means in a run: the same for all of its jobs, and for who looks at it later.
create table run_image (
    run blob not null references run (id),
    name text not null,
    id text not null,
    digest text,
    primary key (run, name)
);
