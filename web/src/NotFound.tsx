import { Link, useLocation } from "react-router";
import { FailurePage } from "./ui/Failure.tsx";
import { useHead } from "./ui/head.ts";
import { Shell } from "./ui/Shell.tsx";

export function NotFound({ what, help = null }: { what?: string; help?: string | null }) {
  const { pathname } = useLocation();
  useHead("not found · dockercise");
  return (
    <Shell>
      <FailurePage title="Not found" error={what ?? `there is no page at ${pathname}`}>
        {help && <p>help: {help}</p>}
        <ul>
          <li>
            <Link to="/">all pipelines</Link> shows what there is
          </li>
          <li>a run's page is at /results/ACCOUNT/PIPELINE/NUMBER; without the number it is the newest</li>
          <li>a pipeline is there after its first push: is the repository connected?</li>
        </ul>
      </FailurePage>
    </Shell>
  );
}
