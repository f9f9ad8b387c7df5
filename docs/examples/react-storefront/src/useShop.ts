// A shop that stays up to date: pages over REST, events over Socket.IO, and polling while there is no socket.

import { skipToken, useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import type { InfiniteData, QueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { io } from "socket.io-client";
import type { Socket } from "socket.io-client";

import { fetchChanges, fetchShopProducts, LINKHUB_URL, ShopError } from "./api";
import type { ClientEvents, Product, ProductEvent, ServerEvents, ShopPage } from "./api";
import { addNews, arrived, merge, NO_NEWS } from "./catalog";
import type { Copy, News } from "./catalog";

const POLL_MS = 5_000;
const MAX_RETRY_MS = 10_000;

/** `live`: events come; `polling`: REST is asked instead; `offline`: nothing answers. */
export type Connection = "connecting" | "live" | "polling" | "offline";

const keys = {
  pages: (seller: string) => ["shop-products", seller] as const,
  // Events don't go into the pages' own entry: a page that is being loaded meanwhile would overwrite them.
  news: (seller: string) => ["shop-news", seller] as const,
  poll: (seller: string) => ["shop-products-since", seller] as const,
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
    const take = ({ product, revision }: ProductEvent) => keep(client, seller, [arrived(product, revision)]);

    // "connect" comes again after each reconnection: asking with `since` is all that coming back takes.
    socket.on("connect", () =>
      socket.emit("subscribe_to_seller", { seller_handle: seller, since: sinceOf(client, seller) }),
    );
    socket.on("subscribed", ({ recovered }) => {
      setSocketState("up");
      // More was missed than linkhub sends after: load again. Events that come meanwhile are kept beside the pages.
      if (!recovered) void client.invalidateQueries({ queryKey: keys.pages(seller) });
    });
    socket.on("new_product", take);
    socket.on("product_updated", take);
    socket.on("error", ({ code, message }) => {
      console.warn(`linkhub: ${code}: ${message}`);
      // Before "subscribed" it is a refusal of that; after it, the subscription stands.
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
      const { products, since } = await fetchChanges(seller, sinceOf(client, seller), signal);
      keep(client, seller, products.map((product) => arrived(product)), since);
      return since;
    },
    enabled: isLoaded && socketState === "down",
    refetchInterval: POLL_MS,
    retry: false, // the next interval is the next try
  });

  if (socketState === "up") return "live";
  if (socketState === "connecting" || poll.isPending) return "connecting";
  return poll.isError ? "offline" : "polling";
}

function keep(client: QueryClient, seller: string, copies: readonly Copy[], since?: string): void {
  const shown = productsOf(client.getQueryData<InfiniteData<ShopPage>>(keys.pages(seller)));
  client.setQueryData<News>(keys.news(seller), (news = NO_NEWS) => addNews(news, shown, copies, since));
}

// Only REST moves it. An event may overtake one that was saved before it, and `metadata.timestamp` allows for that: it
// lies a few seconds in the past. If the page is open for long, `recovered: false` loads it anew.
function sinceOf(client: QueryClient, seller: string): string {
  const [first] = client.getQueryData<InfiniteData<ShopPage>>(keys.pages(seller))?.pages ?? [];
  const polled = client.getQueryData<News>(keys.news(seller))?.since;
  return [first?.metadata.timestamp ?? "", polled ?? ""].reduce((a, b) => (a > b ? a : b));
}

function productsOf(data: InfiniteData<ShopPage> | undefined): Product[] {
  return data?.pages.flatMap((page) => page.products) ?? [];
}
