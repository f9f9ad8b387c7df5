// A shop that stays up to date: pages over REST, events over Socket.IO, and polling while there is no socket.

import { skipToken, useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import type { InfiniteData, QueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { io } from "socket.io-client";
import type { Socket } from "socket.io-client";

import { fetchChanges, fetchShopProducts, LINKHUB_URL, ShopError } from "./api";
import type { ClientEvents, Product, ProductEvent, RemovalEvent, Removed, ServerEvents, ShopPage } from "./api";
import { addNews, addRemovals, arrived, merge, NO_NEWS } from "./catalog";
import type { Copy, News } from "./catalog";

const POLL_MS = 5_000;
const MAX_RETRY_MS = 10_000;

/** `live`: events come; `polling`: REST is asked instead; `offline`: nothing answers. */
export type Connection = "connecting" | "live" | "polling" | "offline";

const keys = {
  pages: (seller: string) => ["shop-products", seller] as const,
  // Events don't go into the pages' own entry: a page that is being loaded meanwhile would overwrite them.
  news: (seller: string) => ["shop-news", seller] as const,
  poll: (seller: string) => ["shop-changes", seller] as const,
};

export function useShop(seller: string) {
  const client = useQueryClient();
  const pages = useInfiniteQuery({
    queryKey: keys.pages(seller),
    queryFn: ({ pageParam, signal }) => fetchShopProducts(seller, { lastKey: pageParam, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: ({ pagination }) => (pagination.hasMore ? pagination.lastEvaluatedKey : null),
    staleTime: Infinity, // the events keep it fresh
    retry: (_count, error) => !(error instanceof ShopError && error.isFinal),
    retryDelay: (count) => Math.min(1_000 * 2 ** count, MAX_RETRY_MS),
  });
  // Only ever set, never fetched.
  const { data: news = NO_NEWS } = useQuery<News>({ queryKey: keys.news(seller), queryFn: skipToken });
  const connection = useConnection(client, seller, pages.data !== undefined);
  const copies = useMemo(() => merge(productsOf(pages.data), news), [pages.data, news]);
  return { pages, copies, latest: news.latest, connection };
}

function useConnection(client: QueryClient, seller: string, isLoaded: boolean): Connection {
  const [socketState, setSocketState] = useState<"connecting" | "up" | "down">("connecting");

  useEffect(() => {
    if (!isLoaded) return;
    const socket: Socket<ServerEvents, ClientEvents> = io(`${LINKHUB_URL}/products`);
    const take = ({ product, revision, cursor }: ProductEvent) =>
      keep(client, seller, [arrived(product, revision)], cursor);
    const remove = ({ video_id: id, revision, timestamp: at, cursor }: RemovalEvent) =>
      forget(client, seller, [{ id, revision, at }], cursor);
    const subscribe = () =>
      socket.emit("subscribe_to_seller", { seller_handle: seller, cursor: cursorOf(client, seller) });

    // "connect" comes again after each reconnection: the cursor is all that is needed to go on.
    socket.on("connect", subscribe);
    socket.on("subscribed", ({ recovered }) => {
      setSocketState("up");
      // linkhub cannot replay what was missed. Events that come while the page loads are kept beside the pages.
      if (!recovered) void loadAgain(client, seller).then((isLoaded) => isLoaded && socket.connected && subscribe());
    });
    socket.on("new_product", take);
    socket.on("product_updated", take);
    socket.on("product_removed", remove);
    socket.on("error", ({ code, message }) => {
      console.warn(`linkhub: ${code}: ${message}`);
      // Before "subscribed" it is a refusal of that; after it, the subscription is kept.
      setSocketState((state) => (state === "up" ? state : "down"));
    });
    socket.on("connect_error", () => setSocketState("down"));
    socket.on("disconnect", () => setSocketState("down"));
    return () => {
      socket.disconnect();
      setSocketState("connecting");
    };
  }, [client, seller, isLoaded]);

  const poll = useQuery({
    queryKey: keys.poll(seller),
    queryFn: async ({ signal }) => {
      try {
        const { products, removed, cursor } = await fetchChanges(seller, cursorOf(client, seller), signal);
        keep(client, seller, products.map((product) => arrived(product)));
        forget(client, seller, removed, cursor);
        return cursor;
      } catch (error) {
        if (!(error instanceof ShopError && error.isCursorGone)) throw error;
        await loadAgain(client, seller);
        return cursorOf(client, seller);
      }
    },
    enabled: isLoaded && socketState === "down",
    refetchInterval: POLL_MS,
    retry: false, // the next interval is the next try
  });

  if (socketState === "up") return "live";
  if (socketState === "connecting" || poll.isPending) return "connecting";
  return poll.isError ? "offline" : "polling";
}

function keep(client: QueryClient, seller: string, copies: readonly Copy[], cursor?: string): void {
  const shown = productsOf(client.getQueryData<InfiniteData<ShopPage>>(keys.pages(seller)));
  client.setQueryData<News>(keys.news(seller), (news = NO_NEWS) => addNews(news, shown, copies, cursor));
}

function forget(client: QueryClient, seller: string, removed: readonly Removed[], cursor?: string): void {
  client.setQueryData<News>(keys.news(seller), (news = NO_NEWS) => addRemovals(news, removed, cursor));
}

/** Load the pages again and go on with their cursor; false if they could not be loaded. */
async function loadAgain(client: QueryClient, seller: string): Promise<boolean> {
  await client.invalidateQueries({ queryKey: keys.pages(seller) });
  if (client.getQueryState(keys.pages(seller))?.isInvalidated !== false) return false;
  keep(client, seller, [], cursorOfPages(client, seller));
  return true;
}

// The last one that linkhub sent: with an event, with a poll, or with the page.
function cursorOf(client: QueryClient, seller: string): string {
  return client.getQueryData<News>(keys.news(seller))?.cursor ?? cursorOfPages(client, seller) ?? "";
}

function cursorOfPages(client: QueryClient, seller: string): string | undefined {
  return client.getQueryData<InfiniteData<ShopPage>>(keys.pages(seller))?.pages[0]?.metadata.cursor;
}

function productsOf(data: InfiniteData<ShopPage> | undefined): Product[] {
  return data?.pages.flatMap((page) => page.products) ?? [];
}
