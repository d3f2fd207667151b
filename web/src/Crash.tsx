/** What is left when a page breaks: words instead of a white sheet. */
import { Component, type ReactNode } from "react";
import { Button } from "./ui/Button.tsx";
import { FailurePage } from "./ui/Failure.tsx";

export class Crash extends Component<{ children: ReactNode }, { error: Error | null }> {
  override state = { error: null as Error | null };

  static getDerivedStateFromError(error: unknown) {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override render() {
    if (!this.state.error) return this.props.children;
    return (
      <FailurePage title="This page broke" error={this.state.error.message}>
        <p>
          The run itself goes on. Loading the page again may help; if not, please report it with this address.
        </p>
        <div>
          <Button icon="again" onClick={() => location.reload()}>
            load again
          </Button>
        </div>
      </FailurePage>
    );
  }
}
