import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { App } from "./App";
import "./styles.css";

const DEFAULT_SELLER = "nalu-fashion";

const seller = new URLSearchParams(location.search).get("seller") || DEFAULT_SELLER;

// "always": a laptop without a network still reaches a linkhub on localhost, and asking is the only way to know.
const client = new QueryClient({ defaultOptions: { queries: { networkMode: "always" } } });

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");

createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <App seller={seller} />
    </QueryClientProvider>
  </StrictMode>,
);
