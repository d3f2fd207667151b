/** What waits for a person, with what it guards. */
import type { GateView, RunView } from "../api/types.ts";
import { Confirm } from "../ui/Confirm.tsx";
import { Icon } from "../ui/Icon.tsx";
import { ago, ms, useNow } from "../ui/time.ts";
import css from "./Gates.module.css";

/** What a click lets go on, in words. */
export function guards(run: RunView, gate: GateView): string {
  if (gate.step !== null) {
    const step = run.steps.find((one) => one.index === gate.step);
    return `step ${step?.name ?? gate.step}`;
  }
  const pipeline = run.pipelines.find((one) => one.index === gate.pipeline);
  const steps = run.steps.filter((one) => one.pipeline === gate.pipeline).length;
  return `pipeline ${pipeline?.name ?? gate.pipeline} (${steps} ${steps === 1 ? "step" : "steps"})`;
}

interface Props {
  run: RunView;
  approving: number | null;
  approve: (gate: number) => void;
}

export function Gates({ run, approving, approve }: Props) {
  const now = useNow(false);
  const waiting = run.gates.filter((gate) => gate.state === "waiting");
  if (waiting.length === 0) return null;
  return (
    <section className={css.gates} data-tone="click" aria-label="waits for a click">
      {waiting.map((gate) => {
        const since = ms(gate.since);
        return (
          <div key={gate.index} className={css.gate}>
            <Icon name="hand" size={20} />
            <div className={css.text}>
              <p>
                <strong>Waits for a click:</strong> {guards(run, gate)}
                {since !== null && <span className={css.since}> · {ago(since, now)}</span>}
              </p>
              {gate.note && <p className={css.note}>{gate.note}</p>}
              {gate.allowed.length > 0 && <p className={css.note}>for {gate.allowed.join(", ")} to click</p>}
              {gate.expires_at && (
                <p className={css.note}>
                  not after{" "}
                  <time dateTime={gate.expires_at}>{new Date(gate.expires_at).toLocaleString()}</time>
                </p>
              )}
            </div>
            {run.can.click && (
              <Confirm
                label="Let it go on"
                question={`Go on with ${run.commit.sha.slice(0, 8)}?`}
                yes="yes, go on"
                look="click"
                pending={approving === gate.index}
                act={() => approve(gate.index)}
              />
            )}
          </div>
        );
      })}
    </section>
  );
}
