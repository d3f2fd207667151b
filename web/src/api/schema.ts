// Made by `npm run schema` from server/openapi.json. Do not edit.

export interface paths {
    "/api/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who did what, newest first. For admins of this server. */
        get: operations["trail"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/connect": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Connects a repository; its steps are at `GET /api/connect/{repository}`. */
        post: operations["connect"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/connect/repositories": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Repositories that the person may choose from. */
        get: operations["repositories"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/connect/{repository}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How it stands. */
        get: operations["one"];
        put?: never;
        post?: never;
        /** Disconnects it: its deliveries are refused from now on, its runs that go on are cancelled, its history stays. */
        delete: operations["disconnect"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/login": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Begins a login: the browser goes to the address in the answer. */
        post: operations["log_in"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/logout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Ends the session. */
        post: operations["log_out"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who one is, and what the page sends along. */
        get: operations["me"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/pipelines": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All pipelines with their newest runs. */
        get: operations["pipelines"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/repositories": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All connected repositories that the caller may see. */
        get: operations["connected_repositories"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/results/{account}/{pipeline}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A pipeline's runs, newest first. */
        get: operations["list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/results/{account}/{pipeline}/start": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What a person may or must say who starts a pipeline, as far as this server knows the files at that ref. */
        get: operations["inputs"];
        put?: never;
        /** Starts a pipeline. 202: GitHub has not answered yet, and the run begins once it has. */
        post: operations["start"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/results/{account}/{pipeline}/{number}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One run of a pipeline; the number may be `latest`. */
        get: operations["run"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/results/{account}/{pipeline}/{number}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Cancels the pipeline: at first but for its clean-up. */
        post: operations["cancel"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/results/{account}/{pipeline}/{number}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** `changed` with the run's version, whenever it grew; `notices` with what goes on for its steps right now. */
        get: operations["events"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/results/{account}/{pipeline}/{number}/gates/{gate}/approve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Clicks at a gate. */
        post: operations["approve"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/results/{account}/{pipeline}/{number}/rerun": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Runs the pipeline again: the same commit, a new number. */
        post: operations["rerun"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/results/{account}/{pipeline}/{number}/steps/{step}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One step, with what its file says of it, its files and its logs. */
        get: operations["step"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/results/{account}/{pipeline}/{number}/steps/{step}/files/{sha256}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A file that a step left, by its sum: only to be saved, whatever it is. */
        get: operations["file"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/results/{account}/{pipeline}/{number}/steps/{step}/log": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A page of a log. */
        get: operations["page"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/results/{account}/{pipeline}/{number}/steps/{step}/log/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A log as it grows: `frames` with a page, `end` when no more will come. */
        get: operations["live"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/results/{account}/{pipeline}/{number}/steps/{step}/log/raw": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A whole log as plain text, stdout and stderr as they came. */
        get: operations["raw"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/results/{account}/{pipeline}/{number}/steps/{step}/value": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A step's value: its stdout, byte for byte. Takes a `Range` of one piece. */
        get: operations["value"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/secrets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The names of all secrets. */
        get: operations["secrets"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/secrets/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Sets a secret, new or known. The body is its value, byte for byte. */
        put: operations["set_secret"];
        post?: never;
        /** Removes a secret. */
        delete: operations["remove_secret"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One's tokens. */
        get: operations["tokens"];
        put?: never;
        /** Makes one. Its secret is in this answer and nowhere else. */
        post: operations["make_token"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tokens/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Removes one: it is not known from then on. */
        delete: operations["remove_token"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description The trail of who did what. */
        Audit: {
            /**
             * Format: int64
             * @description The number of the first line that was changed or taken out behind this server's back.
             */
            damaged: number | null;
            /** @description Newest first. */
            lines: components["schemas"]["AuditLine"][];
            /** @description Are there older ones? */
            more: boolean;
        };
        /** @description One line of the trail. */
        AuditLine: {
            /** @description From which address. */
            address: string;
            /**
             * Format: date-time
             * @description When.
             */
            at: string;
            /**
             * Format: int64
             * @description Its number.
             */
            number: number;
            /**
             * Format: int64
             * @description Who, by GitHub's numeric id.
             */
            person: number | null;
            /** @description To what. */
            target: string;
            /** @description What. */
            what: string;
            /** @description Who. */
            who: string;
        };
        /** @description An image to be made. */
        BuildView: {
            /** @description Its `ARG`s. */
            args: components["schemas"]["EnvView"][];
            /** @description The folder that is sent, relative to the working directory. */
            context: string;
            /** @description The Dockerfile, relative to that. */
            file: string;
            /** @description Are they pushed? */
            push: boolean;
            /** @description The image's names. */
            tags: string[];
        };
        /** @description Folders kept from run to run. */
        CacheView: {
            /** @description Beginnings of keys that will do. */
            fallback: string[];
            /** @description Files whose content is part of that. */
            files: string[];
            /** @description What they are found by. */
            key: string;
            /** @description The folders. */
            paths: string[];
        };
        /** @description What can be done now. */
        Can: {
            /** @description Cancel it. */
            cancel: boolean;
            /** @description Cancel what it still does to clean up. */
            cancel_clean_up: boolean;
            /** @description Click at what waits, as far as the rights in the repository go: a gate may name who. */
            click: boolean;
            /** @description Run it again. */
            rerun: boolean;
            /** @description Run again what did not pass, and keep what did. */
            rerun_failed: boolean;
        };
        /** @description A commit. */
        CommitView: {
            /** @description Login of its author, or the name. */
            author: string;
            /** @description The whole message. */
            message: string;
            /** @description Its name. */
            sha: string;
            /** @description First line of its message. */
            title: string;
            /** @description Its page at GitHub. */
            url: string;
        };
        /** @description What is to be connected. */
        Connect: {
            /** @description The account its runs happen in. */
            account?: string | null;
            /**
             * Format: int64
             * @description GitHub's numeric id.
             */
            id?: number | null;
            /** @description Or `owner/name`. */
            name?: string | null;
        };
        /** @description A repository to choose. */
        ConnectLine: {
            /** @description Why it cannot be connected; none where it can. */
            error: string | null;
            /** @description What to do about it. */
            help: string | null;
            /**
             * Format: int64
             * @description GitHub's numeric id, which names its connection.
             */
            id: number;
            /** @description `owner/name`. */
            name: string;
            /** @description Do only some people see it? */
            private: boolean;
            /** @description `connected`, `connecting`, `disconnecting`, `failed`, or `none`. */
            state: string;
            /** @description Its page at GitHub. */
            url: string;
        };
        /** @description A step. */
        ConnectStep: {
            /**
             * Format: date-time
             * @description Since when it stands so.
             */
            at: string | null;
            /** @description What went wrong. */
            error: string | null;
            /** @description What to do about it. */
            help: string | null;
            /** @description `find`, `key`, `hook`, `read`, `ping`, `remove-hook`, `remove-key`, `forget`. */
            name: string;
            /** @description `waiting`, `doing`, `done`, `failed`, `undone`. */
            state: string;
            /** @description What was done, or is waited for. */
            words: string;
        };
        /** @description A page of repositories that the person may choose from. */
        Connectable: {
            /** @description There is another page. */
            more: boolean;
            /** @description Best match, or pushed to last, first. */
            repositories: components["schemas"]["ConnectLine"][];
        };
        /** @description How a repository is being connected or disconnected, or was. */
        ConnectionView: {
            /** @description The account its runs happen in. */
            account: string;
            /**
             * Format: date-time
             * @description When.
             */
            began_at: string;
            /** @description Who asked. */
            by: string;
            /** @description It is connected now. */
            connected: boolean;
            found: components["schemas"]["FoundView"] | null;
            /**
             * Format: int64
             * @description GitHub's numeric id.
             */
            id: number;
            /** @description `owner/name`. */
            name: string;
            /** @description `doing`, `done` or `failed`. */
            state: string;
            /** @description Its steps, in their order. */
            steps: components["schemas"]["ConnectStep"][];
            /** @description Its page at GitHub. */
            url: string;
            /** @description `connect`, `undo` or `disconnect`. */
            want: string;
        };
        /** @description A problem in a pipeline file. Made by `dockercise_pipeline::diagnostic`, described here. */
        DiagnosticView: {
            /**
             * Format: int32
             * @description Column in characters, from 1.
             */
            column: number;
            /**
             * Format: int32
             * @description How many characters of the line were cut off in front of `text`.
             */
            cut: number;
            /** @description The file's path in the repository. */
            file: string;
            /** @description What to do. */
            help: string | null;
            /**
             * Format: int32
             * @description Line, from 1.
             */
            line: number;
            /** @description What failed and on what. */
            message: string;
            related: components["schemas"]["RelatedView"][];
            /** @description `error` or `warning`. */
            severity: string;
            span: components["schemas"]["SpanView"];
            /** @description The line's text, or the part around the caret where it is long. */
            text: string;
        };
        /** @description The second command. */
        DoneView: {
            /**
             * Format: int64
             * @description Seconds between two tries, where it is tried until it ends with 0.
             */
            every_seconds: number | null;
            /** @description As the file has it. */
            run: string;
            /**
             * Format: int64
             * @description Seconds it may take, all tries together.
             */
            timeout_seconds: number | null;
        };
        /** @description What flows from one step to another. */
        EdgeView: {
            /**
             * Format: int32
             * @description From this step.
             */
            from: number;
            /** @description `value`, `volume`, `env`, `image`, `order`. */
            kinds: string[];
            /**
             * Format: int32
             * @description To this one.
             */
            to: number;
        };
        /** @description A variable of an environment. */
        EnvView: {
            /**
             * Format: int32
             * @description The step whose value it is.
             */
            from: number | null;
            /** @description The text, where the file has one. */
            literal: string | null;
            /** @description Its name. */
            name: string;
            store: components["schemas"]["StoreView"] | null;
        };
        /** @description A file that a step left for people. */
        FileView: {
            /**
             * Format: int64
             * @description Bytes.
             */
            length: number;
            /** @description Its path in the working directory; text of the step's, to be shown and not to be used. */
            path: string;
            /** @description Lower-case hex: what it is asked for by. */
            sha256: string;
        };
        /** @description What the files of the default branch say. */
        FoundView: {
            /** @description The branch. */
            branch: string;
            /** @description What the compiler said. */
            diagnostics: components["schemas"]["DiagnosticView"][];
            /** @description What flows between them. */
            edges: components["schemas"]["EdgeView"][];
            /** @description Their gates. */
            gates: components["schemas"]["GateView"][];
            /** @description All pipelines. */
            pipelines: components["schemas"]["PipelineView"][];
            /** @description Its commit; none where nothing was pushed yet. */
            sha: string | null;
            /** @description Their steps. */
            steps: components["schemas"]["StepLine"][];
        };
        /** @description A piece of output. */
        FrameView: {
            /**
             * Format: int64
             * @description Milliseconds since 1970.
             */
            at: number;
            /** @description The bytes, base64. */
            data: string;
            /**
             * Format: int64
             * @description The frame's offset in the log.
             */
            offset: number;
            /** @description `stdout`, `stderr` or `remark`. */
            stream: string;
        };
        /** @description A gate. */
        GateView: {
            /** @description Who may click: logins and teams; empty for whoever may click at all. */
            allowed: string[];
            /**
             * Format: date-time
             * @description When.
             */
            at: string | null;
            /** @description Who clicked. */
            by: string | null;
            /**
             * Format: date-time
             * @description When it cannot be clicked any more.
             */
            expires_at: string | null;
            /**
             * Format: int32
             * @description Position in the plan.
             */
            index: number;
            /** @description What the file says to the person who clicks. */
            note: string | null;
            /**
             * Format: int32
             * @description The pipeline it stands in.
             */
            pipeline: number;
            /** @description Why it cannot be clicked any more. */
            reason: string | null;
            /**
             * Format: date-time
             * @description Since when it waits.
             */
            since: string | null;
            /** @description `closed`, `waiting`, `open`, `expired`, `void`. */
            state: string;
            /**
             * Format: int32
             * @description The step it guards; none: the whole pipeline.
             */
            step: number | null;
        };
        /** @description Where the browser goes next. */
        GoTo: {
            /** @description The address, at GitHub. */
            url: string;
        };
        /** @description An image. */
        ImageView: {
            /** @description `name@sha256:…`, where it came from a registry. */
            digest: string | null;
            /** @description The engine's id, once it was resolved. */
            id: string | null;
            /** @description As the file names it; the step's name in braces where a step makes it. */
            name: string;
            /**
             * Format: int32
             * @description The step that makes it.
             */
            step: number | null;
        };
        /** @description One thing to say. */
        InputView: {
            /** @description The only texts allowed; empty for any. */
            choices: string[];
            /** @description Where nothing is said. */
            default: string | null;
            /** @description The name of the variable. */
            name: string;
            /** @description Must something be said? */
            required: boolean;
        };
        /** @description A file that was not kept. */
        LeftOutView: {
            /** @description Its path. */
            path: string;
            /** @description Why, in words. */
            why: string;
        };
        /** @description A login that is wanted. */
        LogIn: {
            /** @description Claims a fresh installation: the code that its log holds. */
            code?: string | null;
            /** @description Our own path to go to afterwards. */
            to?: string;
        };
        /** @description Which sessions end. */
        LogOut: {
            /** @description Of all browsers. */
            everywhere?: boolean;
        };
        /** @description A page of a log. */
        LogPage: {
            /** @description No more will come after `length`. */
            complete: boolean;
            /** @description In order. */
            frames: components["schemas"]["FrameView"][];
            /**
             * Format: int64
             * @description How long the log is now.
             */
            length: number;
            /**
             * Format: int64
             * @description Ask for this offset next.
             */
            next: number;
        };
        /** @description A log. */
        LogView: {
            /**
             * Format: int32
             * @description The attempt.
             */
            attempt: number;
            /** @description No more will come. */
            complete: boolean;
            /**
             * Format: int64
             * @description Bytes of frames so far.
             */
            length: number;
            /** @description `run` or `done`. */
            phase: string;
            /** @description The service that wrote it; none for the step's own. */
            service: string | null;
        };
        /** @description A token as it is wanted. */
        MakeToken: {
            /**
             * Format: int32
             * @description After so many days it ends.
             */
            days?: number;
            /** @description What its owner calls it. */
            name: string;
            /** @description What it is for. */
            scope: components["schemas"]["Scope"];
        };
        /** @description Who looks at the page. */
        MeView: {
            /** @description Runs this server. */
            admin: boolean;
            /** @description Do people log in here? */
            has_login: boolean;
            /** @description Login; none for nobody, or for whoever reaches a server without login. */
            login: string | null;
            /** @description Name for people. */
            name: string | null;
            /** @description What the page sends as `x-dockercise` with everything that changes something; none without a session. */
            page_token: string | null;
            /** @description Results of public repositories are there for everybody. */
            public_results: boolean;
            /** @description The first login needs the code that the server's log holds. */
            unclaimed: boolean;
        };
        /** @description What a folder of the working directory starts as. */
        MountView: {
            /** @description Relative to the working directory; `.` is that itself. */
            path: string;
            /**
             * Format: int32
             * @description A copy of this step's; none: the repository at the commit.
             */
            step: number | null;
        };
        /** @description A token that was just made. */
        NewToken: {
            /** @description What programs send. It is shown this once. */
            secret: string;
            /** @description The token. */
            token: components["schemas"]["TokenView"];
        };
        /** @description One pipeline and its newest runs. */
        PipelineLine: {
            /** @description The account. */
            account: string;
            /** @description The slug. */
            pipeline: string;
            /** @description `owner/name`. */
            repository: string;
            /** @description Newest first. */
            runs: components["schemas"]["RunSummary"][];
        };
        /**
         * @description Where a pipeline of a run stands.
         * @enum {string}
         */
        PipelineShown: "queued" | "running" | "waiting" | "passed" | "failed" | "timed-out" | "infra" | "cancelled" | "not-needed";
        /** @description A pipeline of the merged run. */
        PipelineView: {
            /** @description The account. */
            account: string;
            /** @description Pipelines before it. */
            after: number[];
            /**
             * Format: int32
             * @description The gate in front of it.
             */
            gate: number | null;
            /** @description Its page. */
            href: string | null;
            /**
             * Format: int32
             * @description Position in the plan.
             */
            index: number;
            /** @description Its name in the repository. */
            name: string;
            /**
             * Format: int64
             * @description Its number; none where it is not needed.
             */
            number: number | null;
            /** @description Where it stands. */
            state: components["schemas"]["PipelineShown"];
            /** @description It is the one of this page. */
            this: boolean;
        };
        /** @description All pipelines, for the first page. */
        Pipelines: {
            /** @description By account and slug. */
            pipelines: components["schemas"]["PipelineLine"][];
        };
        /** @description Where a thing is now. */
        Place: {
            /** @description The account. */
            account: string;
            /** @description Its page. */
            href: string;
            /**
             * Format: int64
             * @description The number.
             */
            number: number;
            /** @description The slug. */
            pipeline: string;
        };
        /** @description What went wrong, and what to do. */
        Problem: {
            /** @description What failed, on what. */
            error: string;
            /** @description What to do. */
            help: string | null;
        };
        /** @description Another place that a problem is about. */
        RelatedView: {
            /** Format: int32 */
            column: number;
            /** Format: int32 */
            cut: number;
            file: string;
            /** @description What is there. */
            label: string;
            /** Format: int32 */
            line: number;
            span: components["schemas"]["SpanView"];
            text: string;
        };
        /** @description All connected repositories. */
        Repositories: {
            /** @description By account and name. */
            repositories: components["schemas"]["RepositoryLine"][];
        };
        /** @description A connected repository as it stands at GitHub. */
        RepositoryLine: {
            /** @description The account its runs happen in. */
            account: string;
            /**
             * Format: date-time
             * @description When this server last looked whether it missed anything.
             */
            looked_at: string | null;
            /** @description `owner/name`, as it is called now. */
            name: string;
            /** @description Why, in words. */
            note: string | null;
            /** @description Can anyone see it at GitHub? */
            public: boolean;
            /** @description `ok`, `archived`, `gone` (deleted, or hidden from this server), `refused` (the token is not known any more) or `no-hook`. */
            standing: string;
            /** @description Its page at GitHub. */
            url: string;
        };
        /** @description A repository. */
        RepositoryView: {
            /** @description `owner/name`. */
            name: string;
            /** @description Its page at GitHub. */
            url: string;
        };
        /** @description A page of a pipeline's runs. */
        RunList: {
            /** @description The account. */
            account: string;
            /** @description There are older ones. */
            more: boolean;
            /** @description The slug. */
            pipeline: string;
            /** @description `owner/name`. */
            repository: string;
            /** @description Newest first. */
            runs: components["schemas"]["RunSummary"][];
        };
        /** @description A run in a list. */
        RunSummary: {
            /** @description Login of the commit's author, or the name. */
            author: string;
            /** @description The branch, if the ref is one. */
            branch: string | null;
            /**
             * Format: int64
             * @description Milliseconds in which a step ran, up to the last moment in which none did.
             */
            busy_ms: number;
            /**
             * Format: date-time
             * @description When the run was made.
             */
            created_at: string;
            /**
             * Format: date-time
             * @description When its last step was over.
             */
            ended_at: string | null;
            /** @description `push`, `pull_request`, `tag`, `schedule` or `manual`. */
            event: string;
            /** @description The full ref. */
            git_ref: string;
            /**
             * Format: int64
             * @description Its number.
             */
            number: number;
            /**
             * Format: int64
             * @description The number it repeats.
             */
            rerun_of: number | null;
            /** @description The commit. */
            sha: string;
            /**
             * Format: date-time
             * @description When its first step started.
             */
            started_at: string | null;
            /** @description Where it stands. */
            state: components["schemas"]["PipelineShown"];
            /** @description The tag, if the ref is one. */
            tag: string | null;
            /** @description First line of the commit's message. */
            title: string;
        };
        /** @description Everything about one number of a pipeline. */
        RunView: {
            /** @description The account. */
            account: string;
            /** @description What can be done to it now. */
            can: components["schemas"]["Can"];
            /** @description The commit. */
            commit: components["schemas"]["CommitView"];
            /** @description The time that it was started at, as its file has it. */
            cron: string | null;
            /** @description What the compiler said about the files at this commit. */
            diagnostics: components["schemas"]["DiagnosticView"][];
            /** @description What flows between them. */
            edges: components["schemas"]["EdgeView"][];
            /** @description Path of the pipeline's file. */
            file: string;
            /** @description All gates of the merged run. */
            gates: components["schemas"]["GateView"][];
            /** @description What the person said who started it. */
            inputs: components["schemas"]["SaidView"][];
            /**
             * Format: int64
             * @description The pipeline's newest number.
             */
            newest: number;
            /** @description What is to be said of how it came to be. */
            note?: string | null;
            /**
             * Format: int64
             * @description The number.
             */
            number: number;
            /** @description The slug. */
            pipeline: string;
            /** @description All pipelines of the merged run. */
            pipelines: components["schemas"]["PipelineView"][];
            /**
             * @description Lower-case hex sha256 over the whole graph: `dockercise run --graph` gives the same at the same commit. None where the
             *     files have errors.
             */
            plan_hash?: string | null;
            /**
             * Format: int64
             * @description The number of the pull request that it was started for.
             */
            pull_request: number | null;
            /** @description The repository. */
            repository: components["schemas"]["RepositoryView"];
            /** @description Numbers that repeat this one. */
            reruns: number[];
            /** @description All steps of the merged run. */
            steps: components["schemas"]["StepLine"][];
            stop: components["schemas"]["StopView"] | null;
            /** @description As in lists. */
            summary: components["schemas"]["RunSummary"];
            /**
             * Format: int64
             * @description Grows with every change.
             */
            version: number;
        };
        /** @description What was said to an input of a run. */
        SaidView: {
            /** @description The name of the variable. */
            name: string;
            /** @description What was said. */
            text: string;
        };
        /**
         * @description What an API token is for.
         * @enum {string}
         */
        Scope: "read" | "run" | "admin";
        /** @description A secret. Its value is never shown. */
        SecretView: {
            /**
             * Format: date-time
             * @description When it was first set.
             */
            created_at: string;
            /** @description Its name. */
            name: string;
            /** @description The repository it is given to; none: all of the account's. */
            repository: string | null;
            /**
             * Format: date-time
             * @description When it was last set.
             */
            updated_at: string;
            /** @description Who last set it. */
            updated_by: string;
        };
        /** @description An account's secrets. */
        Secrets: {
            /** @description The account. */
            account: string;
            /** @description May the one who asks set secrets for all repositories? */
            for_all: boolean;
            /** @description The account's repositories, as `owner/name`: what a secret can be given to. */
            repositories: string[];
            /** @description The account's own first, then by repository and name. */
            secrets: components["schemas"]["SecretView"][];
        };
        /** @description A container beside a step. */
        ServiceView: {
            /** @description Its environment. */
            env: components["schemas"]["EnvView"][];
            /** @description Its image, as the file names it. */
            image: string;
            /** @description Its name, which the step reaches it by. */
            name: string;
            /** @description The command that says when it is ready. */
            ready: string | null;
        };
        /** @description A piece of a file's text, in bytes. */
        SpanView: {
            /** Format: int32 */
            len: number;
            /** Format: int32 */
            offset: number;
        };
        /** @description What is to be started, and with what. */
        Start: {
            /** @description A branch or tag, as `main` or `refs/tags/v1`; not said: the default branch. */
            git_ref?: string | null;
            /** @description What is said to its inputs, by name. */
            inputs?: {
                [key: string]: string;
            };
        };
        /** @description How a pipeline is started by hand. */
        StartView: {
            /** @description The account. */
            account: string;
            /** @description On which ref, as it was asked for. */
            git_ref: string;
            /** @description What may or must be said, in the order of the file. */
            inputs: components["schemas"]["InputView"][];
            /** @description The slug. */
            pipeline: string;
            /** @description `owner/name`. */
            repository: string;
        };
        /** @description A step as the graph shows it. */
        StepLine: {
            /** @description A failure of it does not make the pipeline fail. */
            allow_failure: boolean;
            /**
             * Format: int32
             * @description The attempt that runs or ran last; 0 before the first.
             */
            attempt: number;
            /**
             * Format: int64
             * @description Exit code, where it failed with one.
             */
            code: number | null;
            /**
             * Format: date-time
             * @description When `done` started.
             */
            done_started_at: string | null;
            /**
             * Format: date-time
             * @description When its end was known.
             */
            finished_at: string | null;
            /**
             * Format: int32
             * @description Position in the plan.
             */
            index: number;
            /** @description `run`: a command; `image`: an image's own command; `build`: makes an image. */
            kind: string;
            /** @description Its name. */
            name: string;
            /** @description What goes on for it right now, such as pulling its image. */
            notice: string | null;
            /**
             * Format: int32
             * @description Its pipeline's position.
             */
            pipeline: number;
            /** @description Why it ended so, in words. */
            reason: string | null;
            /**
             * Format: date-time
             * @description When `run` started.
             */
            started_at: string | null;
            /** @description `waiting`, `at-gate`, `ready`, `running`, `running-done`, `recording`, or an outcome's word. */
            state: string;
        };
        /** @description Everything about a step. */
        StepView: {
            /** @description Steps that are before it, with nothing taken from them. */
            after: number[];
            /** @description Pipelines that are before it. */
            after_pipelines: number[];
            build: components["schemas"]["BuildView"] | null;
            cache: components["schemas"]["CacheView"] | null;
            /**
             * Format: int32
             * @description Processors, in thousandths, where the file says so.
             */
            cpus: number | null;
            done: components["schemas"]["DoneView"] | null;
            /** @description Its environment. */
            env: components["schemas"]["EnvView"][];
            /** @description The pipeline's file. */
            file: string;
            /** @description Files that it left for people. */
            files: components["schemas"]["FileView"][];
            image: components["schemas"]["ImageView"] | null;
            /** @description What `results` name and was not kept. */
            left_out: components["schemas"]["LeftOutView"][];
            /**
             * Format: int32
             * @description Its line in the pipeline's file.
             */
            line: number;
            /** @description Its logs. */
            logs: components["schemas"]["LogView"][];
            /**
             * Format: int64
             * @description Bytes of memory, where the file says so.
             */
            memory: number | null;
            /** @description A remark of the host's, such as "out of memory". */
            note: string | null;
            /** @description Globs of files that are kept. */
            results: string[];
            /** @description The command, as the file has it; empty where an image's own is run, or an image made. */
            run: string;
            /** @description Its value is a secret, and is not shown. */
            secret: boolean;
            /** @description Containers that run beside it. */
            services: components["schemas"]["ServiceView"][];
            /** @description How what it rests on must have ended: `success`, `failure` or `always`. */
            status: string;
            /** @description As in the graph; its `reason` also says what a waiting step waits for. */
            step: components["schemas"]["StepLine"];
            /**
             * Format: int64
             * @description Seconds for `run`.
             */
            timeout_seconds: number | null;
            /** @description The user, where the file says so. */
            user: string | null;
            value: components["schemas"]["ValueView"] | null;
            /** @description Steps whose values it reads as files. */
            values: number[];
            /** @description What its working directory starts as; empty for an empty directory. */
            volume: components["schemas"]["MountView"][];
            when: components["schemas"]["WhenView"] | null;
            /** @description The directory it starts in, where the file says so. */
            workdir: string | null;
        };
        /** @description Why it is being stopped. */
        StopView: {
            /** @description Clean-up is being stopped too. */
            all: boolean;
            /** @description Who cancelled it. */
            by: string | null;
            /** @description `cancelled`, `timed-out` or `not-taken`. */
            why: string;
            /** @description In words. */
            words: string;
        };
        /** @description Where a secret is. */
        StoreView: {
            /** @description `secret`, `ssm` or `secretsmanager`. */
            kind: string;
            /** @description Its name there. */
            name: string;
        };
        /** @description A token for programs. */
        TokenView: {
            /**
             * Format: date-time
             * @description When it ends.
             */
            ends_at: string;
            /** @description Its id. */
            id: string;
            /**
             * Format: date-time
             * @description When it was made.
             */
            made_at: string;
            /** @description What its owner calls it. */
            name: string;
            /** @description `read`, `run` or `admin`. */
            scope: string;
            /**
             * Format: date-time
             * @description When it was last used, to the minute.
             */
            used_at: string | null;
        };
        /** @description One's tokens. */
        Tokens: {
            /** @description Newest first. */
            tokens: components["schemas"]["TokenView"][];
        };
        /** @description A value's size and sum. */
        ValueView: {
            /**
             * Format: int64
             * @description Bytes.
             */
            length: number;
            /** @description Lower-case hex sha256; empty where it is a secret. */
            sha256: string;
        };
        /** @description Which events need a step. Each list is whole-string globs; empty for any. */
        WhenView: {
            /** @description Of the branch. */
            branches: string[];
            /** @description The events' words. */
            events: string[];
            /** @description Of one of the changed paths. */
            paths: string[];
            /** @description Of the tag. */
            tags: string[];
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    trail: {
        parameters: {
            query?: {
                /** @description Only numbers below this one. */
                below?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Audit"];
                };
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    connect: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Connect"];
            };
        };
        responses: {
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConnectionView"];
                };
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    repositories: {
        parameters: {
            query?: {
                /** @description Words in the name, or `owner/name`; all repositories where it is empty. */
                q?: string;
                /** @description Which page, from 1. */
                page?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Connectable"];
                };
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    one: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                repository: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConnectionView"];
                };
            };
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    disconnect: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                repository: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConnectionView"];
                };
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    log_in: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LogIn"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GoTo"];
                };
            };
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    log_out: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LogOut"];
            };
        };
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    me: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MeView"];
                };
            };
        };
    };
    pipelines: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Pipelines"];
                };
            };
        };
    };
    connected_repositories: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Repositories"];
                };
            };
        };
    };
    list: {
        parameters: {
            query?: {
                /** @description Only numbers below this one. */
                before?: number;
                /** @description At most so many; 50 where it is not said, 200 at the most. */
                limit?: number;
                /** @description Only of this branch. */
                branch?: string;
                /** @description Only in this state. */
                state?: string;
            };
            header?: never;
            path: {
                account: string;
                pipeline: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunList"];
                };
            };
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    inputs: {
        parameters: {
            query?: {
                /** @description A branch or tag, as `main` or `refs/tags/v1`; not said: the default branch. */
                git_ref?: string;
            };
            header?: never;
            path: {
                account: string;
                pipeline: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StartView"];
                };
            };
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    start: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                account: string;
                pipeline: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Start"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Place"];
                };
            };
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    run: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                account: string;
                pipeline: string;
                number: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunView"];
                };
            };
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    cancel: {
        parameters: {
            query?: {
                /** @description Of a pipeline that is being stopped: its clean-up too. */
                clean_up?: boolean;
            };
            header?: never;
            path: {
                account: string;
                pipeline: string;
                number: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Place"];
                };
            };
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    events: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                account: string;
                pipeline: string;
                number: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
        };
    };
    approve: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                account: string;
                pipeline: string;
                number: string;
                gate: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Place"];
                };
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    rerun: {
        parameters: {
            query?: {
                /** @description `all`, where nothing is said: from the beginning. `failed`: what passed is kept, and the rest runs. */
                from?: "all" | "failed";
            };
            header?: never;
            path: {
                account: string;
                pipeline: string;
                number: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Place"];
                };
            };
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    step: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                account: string;
                pipeline: string;
                number: string;
                step: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StepView"];
                };
            };
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    file: {
        parameters: {
            query?: {
                /** @description Its place in the step's list of files: it is saved under that one's name. */
                nth?: number;
            };
            header?: never;
            path: {
                account: string;
                pipeline: string;
                number: string;
                step: number;
                sha256: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": string;
                };
            };
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    page: {
        parameters: {
            query?: {
                /** @description The attempt; the last one where it is not said. */
                attempt?: number;
                /** @description `run` or `done`; `run` where it is not said. */
                phase?: string;
                /** @description One of the step's services; the step itself where it is not said. */
                service?: string;
                /** @description The offset of a frame; 0 where it is not said. */
                from?: number;
            };
            header?: never;
            path: {
                account: string;
                pipeline: string;
                number: string;
                step: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LogPage"];
                };
            };
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    live: {
        parameters: {
            query?: {
                /** @description The attempt; the last one where it is not said. */
                attempt?: number;
                /** @description `run` or `done`; `run` where it is not said. */
                phase?: string;
                /** @description One of the step's services; the step itself where it is not said. */
                service?: string;
                /** @description The offset of a frame; 0 where it is not said. */
                from?: number;
            };
            header?: never;
            path: {
                account: string;
                pipeline: string;
                number: string;
                step: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    raw: {
        parameters: {
            query?: {
                /** @description The attempt; the last one where it is not said. */
                attempt?: number;
                /** @description `run` or `done`; `run` where it is not said. */
                phase?: string;
                /** @description One of the step's services; the step itself where it is not said. */
                service?: string;
                /** @description The offset of a frame; 0 where it is not said. */
                from?: number;
            };
            header?: never;
            path: {
                account: string;
                pipeline: string;
                number: string;
                step: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    value: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                account: string;
                pipeline: string;
                number: string;
                step: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": string;
                };
            };
            206: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    secrets: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Secrets"];
                };
            };
        };
    };
    set_secret: {
        parameters: {
            query?: {
                /** @description As `owner/name`; not said: all repositories of the account. */
                repository?: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/octet-stream": string;
            };
        };
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    remove_secret: {
        parameters: {
            query?: {
                /** @description As `owner/name`; not said: all repositories of the account. */
                repository?: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    tokens: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tokens"];
                };
            };
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    make_token: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["MakeToken"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewToken"];
                };
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    remove_token: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
}
