import { useEffect, useRef } from "react";

import { ShopError } from "./api";
import type { Copy } from "./catalog";
import { priceText, shopName } from "./format";
import { ProductCard } from "./ProductCard";
import { useGlide } from "./useGlide";
import { useShop } from "./useShop";
import type { Connection } from "./useShop";

const CONNECTION_TEXTS: Record<Connection, string> = {
  connecting: "Connecting",
  live: "Live",
  polling: "Checking every few seconds",
  offline: "Out of reach, trying again",
};

export function App({ seller }: { seller: string }) {
  const { pages, copies, latest, connection } = useShop(seller);
  const name = shopName(seller);

  useEffect(() => {
    document.title = `${name} · shop`;
  }, [name]);

  return (
    <>
      <header className="masthead">
        <div className="names">
          <h1>{name}</h1>
          <p className="handle">@{seller}</p>
        </div>
        {pages.data && (
          <p className="connection" data-connection={connection} role="status">
            <span className="dot" aria-hidden="true" />
            {CONNECTION_TEXTS[connection]}
          </p>
        )}
      </header>

      <main aria-busy={pages.isFetching}>
        {pages.data ? (
          <Products copies={copies} />
        ) : pages.failureCount > 0 ? (
          <Failure error={pages.failureReason} onRetry={() => void pages.refetch()} />
        ) : (
          <Skeletons />
        )}
        {pages.hasNextPage && (
          <button
            className="button"
            type="button"
            disabled={pages.isFetchingNextPage}
            onClick={() => void pages.fetchNextPage({ cancelRefetch: false })}
          >
            {pages.isFetchingNextPage ? "Loading" : "Load more"}
          </button>
        )}
      </main>

      {/* For ears: eyes see the card arrive. */}
      <p className="only-heard" role="log" aria-live="polite">
        {latest && arrivalText(latest)}
      </p>
    </>
  );
}

function Products({ copies }: { copies: readonly Copy[] }) {
  const grid = useRef<HTMLUListElement>(null);
  useGlide(grid, copies);
  if (copies.length === 0) {
    return (
      <section className="notice">
        <h2>Nothing here yet</h2>
        <p>Leave this page open: a product appears as soon as the shop posts a video.</p>
      </section>
    );
  }
  return (
    <ul className="grid" role="list" aria-label="Products" ref={grid}>
      {copies.map(({ product, arrival }) => (
        <ProductCard key={product.video_id} product={product} arrival={arrival} />
      ))}
    </ul>
  );
}

function Failure({ error, onRetry }: { error: Error | null; onRetry: () => void }) {
  if (error instanceof ShopError && error.isFinal) {
    return (
      <section className="notice" role="alert">
        <h2>There is no such shop</h2>
        <p>The address may be mistyped: it ends with ?seller= and the seller’s handle.</p>
      </section>
    );
  }
  return (
    <section className="notice" role="alert">
      <h2>The shop does not answer</h2>
      <p>It is asked again every few seconds, and opens when there is an answer.</p>
      <button className="button" type="button" onClick={onRetry}>
        Try now
      </button>
    </section>
  );
}

function Skeletons() {
  return (
    <ul className="grid" aria-hidden="true">
      {Array.from({ length: 10 }, (_, number) => (
        <li className="card skeleton" key={number}>
          <div className="picture" />
          <p className="line" />
          <p className="line line-short" />
        </li>
      ))}
    </ul>
  );
}

function arrivalText({ product, arrival }: Copy): string {
  return `${arrival === "new" ? "New" : "Updated"}: ${product.title}, ${priceText(product.price)}`;
}
