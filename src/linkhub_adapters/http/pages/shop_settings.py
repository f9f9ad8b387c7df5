"""The operator's settings for the pages of shops, and the addresses that follow from them."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from attrs import frozen

from linkhub_adapters.http.pages.contact_links import ContactLinks
from linkhub_adapters.http.pages.currency import Currency

FEED: Final = "feed.xml"
SITEMAP: Final = "sitemap.xml"


def shop_path(seller_handle: str) -> str:
    """The path of a shop's page. Handles and ids of videos need no encoding in a path."""
    return f"/shop/{seller_handle}"


def product_path(seller_handle: str, video_id: str) -> str:
    """The path of a product's page."""
    return f"/shop/{seller_handle}/products/{video_id}"


@frozen(kw_only=True)
class ShopSettings:
    """The choices.

    Args:
        public_url: the address under which others reach this server; without one there are no canonical addresses, no
            sitemaps and no feeds.
        public_url_set_by: what the reason of their 404 asks the operator to set.
        currency: the currency of all prices; without one prices are bare numbers.
        contacts: where shoppers reach the sellers.
    """

    public_url: str | None = None
    public_url_set_by: str = "the public address"
    currency: Currency | None = None
    contacts: ContactLinks = ContactLinks()

    def address(self, path: str) -> str | None:
        """The public address of a path; None without a public address."""
        if self.public_url is None:
            return None
        public = urlsplit(self.public_url)
        return f"{public.scheme}://{public.netloc}{public.path.rstrip('/')}{path}"
