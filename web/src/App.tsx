/** The route table. */
import { Route, Routes } from "react-router";
import { HomePage } from "./home/HomePage.tsx";
import { NotFound } from "./NotFound.tsx";
import { RunPage } from "./run/RunPage.tsx";

export function App() {
  return (
    <Routes>
      <Route path="/" element={<HomePage />} />
      <Route path="/results/:account/:pipeline" element={<RunPage />} />
      <Route path="/results/:account/:pipeline/:number" element={<RunPage />} />
      <Route path="*" element={<NotFound />} />
    </Routes>
  );
}
