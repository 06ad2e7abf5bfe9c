/** The connection and the sign-in: what the banner says of them, and their end. */
import { Banner } from "../page/banner.js";
import { feature } from "../page/feature.js";
import * as signedOut from "../page/signedout.js";

const SIGNED_OUT = 4500;

feature((page) => {
  const { client, channels } = page;
  const banner = new Banner({ tryNow: () => client.tryNow() });
  client.addEventListener("state", ({ detail }) => banner.take(detail));
  client.addEventListener("ended", ({ detail: { code } }) => {
    banner.end(code);
    if (code !== SIGNED_OUT) return;
    page.showNothing();
    channels.replace([]);
    signedOut.show();
  });
  signedOut.listen({ ended: () => client.checkLogin() });
});
