//! Writing runs.

use super::{RunRow, encode};
use crate::db::Conn;
use dockercise_pipeline::ids::{GateIx, RunId, StepIx};
use dockercise_pipeline::run::{Applied, Run};
use dockercise_pipeline::wire::ResolvedImage;

/// A pipeline of a new run.
#[derive(Debug, Clone)]
pub struct NewPipeline {
    /// Its name.
    pub name: String,
    /// Its file.
    pub file: String,
    /// Its slug.
    pub slug: String,
    /// Its number; none where it is not needed.
    pub number: Option<i64>,
    /// Its state as JSON.
    pub state: String,
    /// The number it repeats.
    pub rerun_of: Option<i64>,
}

/// Makes a run with all its rows. `machine` is none where the files were bad.
///
/// # Errors
/// The database's.
pub async fn insert(conn: &mut Conn, row: &RunRow, pipelines: &[NewPipeline], machine: Option<&Run>) -> sqlx::Result<()> {
    sqlx::query(
        "insert into run (id, repository, account, trigger, git_ref, sha, message, author, plan, diagnostics, version, fence, job,
            over, created_at, rerun_of, selection, plan_hash, note)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)",
    )
    .bind(row.id)
    .bind(row.repository)
    .bind(&row.account)
    .bind(&row.trigger)
    .bind(&row.git_ref)
    .bind(&row.sha)
    .bind(&row.message)
    .bind(&row.author)
    .bind(&row.plan)
    .bind(&row.diagnostics)
    .bind(row.version)
    .bind(row.fence)
    .bind(row.job)
    .bind(row.over)
    .bind(row.created_at)
    .bind(row.rerun_of)
    .bind(&row.selection)
    .bind(&row.plan_hash)
    .bind(&row.note)
    .execute(&mut *conn)
    .await?;
    for (ix, p) in pipelines.iter().enumerate() {
        sqlx::query(
            "insert into run_pipeline (run, ix, name, file, slug, account, number, state, git_ref, sha, repository, rerun_of)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        )
        .bind(row.id)
        .bind(ix as i64)
        .bind(&p.name)
        .bind(&p.file)
        .bind(&p.slug)
        .bind(&row.account)
        .bind(p.number)
        .bind(&p.state)
        .bind(&row.git_ref)
        .bind(&row.sha)
        .bind(row.repository)
        .bind(p.rerun_of)
        .execute(&mut *conn)
        .await?;
    }
    let Some(machine) = machine else { return Ok(()) };
    for (ix, step) in machine.state().steps.iter().enumerate() {
        sqlx::query("insert into run_step (run, ix, state) values ($1, $2, $3)")
            .bind(row.id)
            .bind(ix as i64)
            .bind(encode(step)?)
            .execute(&mut *conn)
            .await?;
    }
    for (ix, gate) in machine.state().gates.iter().enumerate() {
        sqlx::query("insert into run_gate (run, ix, state, deadline) values ($1, $2, $3, $4)")
            .bind(row.id)
            .bind(ix as i64)
            .bind(encode(gate)?)
            .bind(machine.gate_deadline(GateIx(ix as u32)))
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}

/// Saves what an event changed, if the run is still at `version`. Returns whether it was.
///
/// # Errors
/// The database's.
pub async fn save(conn: &mut Conn, id: RunId, version: i64, machine: &Run, applied: &Applied) -> sqlx::Result<bool> {
    let state = machine.state();
    let saved = sqlx::query("update run set version = version + 1, fence = $3, job = $4, over = $5 where id = $1 and version = $2")
        .bind(id.0)
        .bind(version)
        .bind(state.fence.0 as i64)
        .bind(state.job.map(|f| f.0 as i64))
        .bind(machine.over())
        .execute(&mut *conn)
        .await?;
    if saved.rows_affected() == 0 {
        return Ok(false);
    }
    for ix in &applied.steps {
        sqlx::query("update run_step set state = $3 where run = $1 and ix = $2")
            .bind(id.0)
            .bind(i64::from(ix.0))
            .bind(encode(&state.steps[ix.index()])?)
            .execute(&mut *conn)
            .await?;
    }
    for ix in &applied.pipelines {
        sqlx::query("update run_pipeline set state = $3, deadline = $4 where run = $1 and ix = $2")
            .bind(id.0)
            .bind(i64::from(ix.0))
            .bind(encode(&state.pipelines[ix.index()])?)
            .bind(machine.deadline(*ix))
            .execute(&mut *conn)
            .await?;
    }
    for ix in &applied.gates {
        sqlx::query("update run_gate set state = $3, deadline = $4 where run = $1 and ix = $2")
            .bind(id.0)
            .bind(i64::from(ix.0))
            .bind(encode(&state.gates[ix.index()])?)
            .bind(machine.gate_deadline(*ix))
            .execute(&mut *conn)
            .await?;
    }
    Ok(true)
}

/// Notes the image that a step's container was made from, and what its name means in this run from now on.
///
/// # Errors
/// The database's.
pub async fn set_step_image(conn: &mut Conn, id: RunId, step: StepIx, image: &ResolvedImage) -> sqlx::Result<()> {
    sqlx::query("update run_step set image_id = $3 where run = $1 and ix = $2")
        .bind(id.0)
        .bind(i64::from(step.0))
        .bind(&image.id)
        .execute(&mut *conn)
        .await?;
    sqlx::query("insert into run_image (run, name, id, digest) values ($1, $2, $3, $4) on conflict (run, name) do nothing")
        .bind(id.0)
        .bind(&image.name)
        .bind(&image.id)
        .bind(&image.digest)
        .execute(conn)
        .await?;
    Ok(())
}

/// Notes what was stored of a step.
///
/// # Errors
/// The database's.
pub async fn set_step_record(conn: &mut Conn, id: RunId, step: StepIx, record: &str) -> sqlx::Result<()> {
    sqlx::query("update run_step set record = $3 where run = $1 and ix = $2")
        .bind(id.0)
        .bind(i64::from(step.0))
        .bind(record)
        .execute(conn)
        .await?;
    Ok(())
}
