-- The plan's hash when the run was made: `dockercise run` gives the same for the same commit.
alter table run add column plan_hash text;
