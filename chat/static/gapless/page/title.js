/** More is not told apart in a tab, and of each channel the server counts a thousand at most. */
const MOST_UNREAD = 999;

/** The unread number in the tab: title, icon, and the badge of an installed app. `mentioned`: how many of these call the person. */
export function showUnread(/** @type {{ name: string, unread: number, mentioned: number }} */ { name, unread, mentioned }) {
  const { favicon, faviconUnread } = document.body.dataset;
  const count = unread > MOST_UNREAD ? `${MOST_UNREAD}+` : unread;
  document.title = `${unread ? `(${mentioned ? `@${mentioned}, ` : ""}${count}) ` : ""}${name ? `${name} · ` : ""}Gapless`;
  document.querySelector('link[rel="icon"]').href = unread ? faviconUnread : favicon;
  // Refused in tabs that are not installed: then there is no badge to set.
  if (unread) navigator.setAppBadge?.(unread).catch(() => {});
  else navigator.clearAppBadge?.().catch(() => {});
}
