import { memo, useState } from "react";
import type { CSSProperties } from "react";

import type { Product } from "./api";
import type { Copy } from "./catalog";
import { hueOf, priceText, sizeList } from "./format";

const SIZES_SHOWN = 5;
const TAGS_SHOWN = 3;

// `product` stays the same object until a newer copy replaces it: with memo, a shop of many cards redraws the one that
// changed.
export const ProductCard = memo(function ProductCard({ product, arrival }: Pick<Copy, "product" | "arrival">) {
  const sizes = sizeList(product.sizes);
  return (
    <li className={product.availability === "sold_out" ? "card is-sold-out" : "card"} data-video-id={product.video_id}>
      {/* Another key for another revision: the highlight plays again. */}
      <article key={product.updated_at} className={arrival ? "is-fresh" : undefined}>
        <Picture product={product} />
        {product.availability === "sold_out" && <span className="sold-out">Sold out</span>}
        {arrival && <span className="badge">{arrival === "new" ? "New" : "Updated"}</span>}
        {/* "auto": the title's own direction is the whole text's. */}
        <div className="words" dir="auto">
          <h2 className="title">
            <a href={videoUrl(product)} target="_blank" rel="noopener noreferrer">
              {product.title}
            </a>
          </h2>
          <p className={product.price === null ? "price is-asked" : "price"}>{priceText(product.price)}</p>
          {sizes.length > 0 && (
            <ul className="sizes" role="list" aria-label="Sizes">
              {sizes.slice(0, SIZES_SHOWN).map((size) => (
                <li key={size}>{size}</li>
              ))}
              {sizes.length > SIZES_SHOWN && <li>+{sizes.length - SIZES_SHOWN}</li>}
            </ul>
          )}
          {product.tags.length > 0 && (
            <ul className="tags" role="list" aria-label="Tags">
              {[...new Set(product.tags)].slice(0, TAGS_SHOWN).map((tag) => (
                <li key={tag}>{tag}</li>
              ))}
            </ul>
          )}
        </div>
      </article>
    </li>
  );
});

/** The video's primary thumbnail; its own colour and initial stay where that does not load. */
function Picture({ product }: { product: Product }) {
  const [hasFailed, setHasFailed] = useState(false);
  return (
    <div className="picture" style={{ "--hue": hueOf(product.video_id) } as CSSProperties}>
      <span className="initial" aria-hidden="true">
        {[...product.title.trim()][0]?.toUpperCase() ?? "·"}
      </span>
      {/* The title is beside it: an alternative text would say it twice. */}
      {!hasFailed && (
        <img
          src={product.primary_thumbnail.thumbnail_url}
          alt=""
          loading="lazy"
          decoding="async"
          referrerPolicy="no-referrer"
          onError={() => setHasFailed(true)}
        />
      )}
    </div>
  );
}

function videoUrl({ seller_handle, video_id }: Product): string {
  return `https://www.tiktok.com/@${encodeURIComponent(seller_handle)}/video/${encodeURIComponent(video_id)}`;
}
