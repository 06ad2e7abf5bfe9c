/** The unread number in the tab: title, icon, and the badge of an installed app. `mentioned`: how many of these call the person. */
export function showUnread(/** @type {{ name: string, unread: number, mentioned: number }} */ { name, unread, mentioned }) {
  const { favicon, faviconUnread } = document.body.dataset;
  document.title = `${unread ? `(${mentioned ? `@${mentioned}, ` : ""}${unread}) ` : ""}${name ? `${name} · ` : ""}Gapless`;
  document.querySelector('link[rel="icon"]').href = unread ? faviconUnread : favicon;
  // Refused in tabs that are not installed: then there is no badge to set.
  if (unread) navigator.setAppBadge?.(unread).catch(() => {});
  else navigator.clearAppBadge?.().catch(() => {});
}
