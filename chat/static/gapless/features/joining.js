/** Ways into another channel: joining one, making one, writing to a person. */
import { Browse, Create } from "../channels/browse.js";
import { feature } from "../page/feature.js";

feature((page) => {
  const { me, openers, people } = page;
  const enter = (/** @type {any} */ channel) => page.enter(channel);
  const browse = new Browse({ joined: enter });
  const create = new Create({ made: enter });
  openers.browse = () => browse.open();
  openers.create = () => create.open();
  const write = (isSeveral = false) => {
    const several = (/** @type {Person[]} */ chosen) => page.writeTo(...chosen);
    people.ask({ title: "New direct message", without: [me.id], choose: (/** @type {Person} */ person) => page.writeTo(person), several, isSeveral });
  };
  openers.direct = () => write();
  openers.several = () => write(true);
});
