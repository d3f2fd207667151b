import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { addresses, getValue, type RunId } from "../api/client.ts";
import type { StepView } from "../api/types.ts";
import { Text } from "../log/Text.tsx";
import { Button } from "../ui/Button.tsx";
import { FailureNote } from "../ui/Failure.tsx";
import { Icon } from "../ui/Icon.tsx";
import { isOver } from "../ui/states.ts";
import { size } from "../ui/time.ts";
import { JsonTree } from "./JsonTree.tsx";
import css from "./ValueTab.module.css";
import { SHOWN_BYTES, show } from "./value.ts";

function Body({ bytes, whole }: { bytes: Uint8Array; whole: boolean }) {
  const [asText, setAsText] = useState(false);
  const shown = show(bytes, whole);
  if (shown.kind === "empty")
    return <p className={css.none}>The value is empty: `run` wrote nothing to stdout.</p>;
  return (
    <>
      {shown.kind === "json" && (
        <div>
          <Button small look="bare" onClick={() => setAsText(!asText)}>
            {asText ? "show as tree" : "show as text"}
          </Button>
        </div>
      )}
      {shown.kind === "bytes" && <p className={css.none}>Not text. The first bytes:</p>}
      {shown.kind === "json" && !asText ? (
        <div className={css.tree}>
          <JsonTree value={shown.json} />
        </div>
      ) : (
        <pre className={css.text}>
          {shown.text.split("\n").map((line, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a value does not change.
            <span key={i}>
              <Text raw={line} style="" />
              {"\n"}
            </span>
          ))}
        </pre>
      )}
      {!whole && (
        <p className={css.none}>The first {size(bytes.length)} are shown. Download it for the rest.</p>
      )}
    </>
  );
}

export function ValueTab({ id, step }: { id: RunId; step: StepView }) {
  const { value } = step;
  const { index, kind, state } = step.step;
  const query = useQuery({
    queryKey: ["value", id.account, id.pipeline, id.number, index, value?.sha256],
    queryFn: ({ signal }) => getValue(id, index, SHOWN_BYTES, signal),
    enabled: value !== null && value.length > 0 && !step.secret,
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (step.secret) {
    return (
      <div className={css.tab}>
        <p className={css.none}>
          The value is a secret: it is not shown, is masked in every log, and stays on its host until the run
          is over.
        </p>
        {value && <p className={css.none}>{size(value.length)}</p>}
      </div>
    );
  }
  if (value === null) {
    return (
      <div className={css.tab}>
        <p className={css.none}>
          {isOver(state)
            ? "There is no value: only a step that passed gives one."
            : kind === "build"
              ? "There is no value yet: it is the id of the image, once that is made."
              : "There is no value yet: it is what `run` writes to stdout, once the step has passed."}
        </p>
      </div>
    );
  }
  const bytes = value.length === 0 ? new Uint8Array() : query.data;
  return (
    <div className={css.tab}>
      <dl className={css.facts}>
        <div>
          <dt>size</dt>
          <dd>{size(value.length)}</dd>
        </div>
        <div className={css.hash}>
          <dt>sha256</dt>
          <dd>
            <code>{value.sha256}</code>
          </dd>
        </div>
        <a href={addresses.value(id, index)} download>
          <Icon name="download" size={14} /> download
        </a>
      </dl>
      {query.error && <FailureNote error={query.error} />}
      {bytes && <Body bytes={bytes} whole={bytes.length >= value.length} />}
    </div>
  );
}
