/** The unread number in the tab: title, icon, and the badge of an installed app. */
export function showUnread(/** @type {{ name: string, unread: number }} */ { name, unread }) {
  const { favicon, faviconUnread } = document.body.dataset;
  document.title = `${unread ? `(${unread}) ` : ""}${name ? `${name} · ` : ""}Gapless`;
  document.querySelector('link[rel="icon"]').href = unread ? faviconUnread : favicon;
  // Refused in tabs that are not installed: then there is no badge to set.
  if (unread) navigator.setAppBadge?.(unread).catch(() => {});
  else navigator.clearAppBadge?.().catch(() => {});
}
