// Reads documents as Chromium builds them. In: [html, scripting] pairs. Out: links, shape and pixels of each.
// The caller's page holds a Content-Security-Policy that lets nothing run and nothing load: "scripting"
// changes how the parser reads <noscript>, and document.write() returns before any navigation could begin.
([pixelPrefix, documents]) => {
  const XLINK = "http://www.w3.org/1999/xlink";
  const HTML = "http://www.w3.org/1999/xhtml";
  const SVG = "http://www.w3.org/2000/svg";
  const MATHML = "http://www.w3.org/1998/Math/MathML";
  const DEEPEST = 20;
  const frame = document.createElement("iframe");
  frame.setAttribute("sandbox", "allow-same-origin allow-scripts");

  const resolve = (value, base) => {
    try {
      return new URL(value, base).href;
    } catch {
      return "";
    }
  };

  // Chromium escapes blanks in a host, where others refuse them: that leads nowhere.
  const isWeb = (url) => /^https?:/.test(url) && !new URL(url).hostname.includes("%20");

  // Where an address without a scheme leads in a program that is a web page itself: elsewhere, or nowhere.
  const WEBMAIL = "https://webmail.invalid/";
  const webBase = (ownBase, around) => {
    const base = resolve(ownBase ?? "", around);
    return isWeb(base) ? base : around;
  };
  const resolveInWebmail = (value, base) => {
    const url = resolve(value, base);
    return url.startsWith(WEBMAIL) ? "" : url;
  };

  // In long documents Chromium now and then leaves a null character that the standard has replaced.
  const withoutNull = (text) => text.replaceAll("\0", "\ufffd");

  // The attributes of an element that are links, as [kind, attribute name, value].
  const carried = (element) => {
    const name = element.localName;
    const found = [];
    const take = (kind, attribute) => {
      if (element.hasAttribute(attribute)) found.push([kind, attribute, withoutNull(element.getAttribute(attribute))]);
    };
    const takeXlink = (kind) => {
      const attribute = element.getAttributeNodeNS(XLINK, "href");
      if (attribute) found.push([kind, attribute.name, withoutNull(attribute.value)]);
    };
    if (name.includes(":")) {
      take("vml", "href");
    } else if (element.namespaceURI === SVG) {
      if (name === "a") {
        take("svg_a", "href");
        takeXlink("svg_a");
      } else if (/^(animate|set)$/.test(name) && /^(xlink:)?href$/.test(element.getAttribute("attributeName"))) {
        for (const attribute of ["from", "to", "by"]) take("animation", attribute);
        // SVG 2, "values": a list, parted by semicolons.
        for (const value of element.getAttribute("values")?.split(";") ?? []) found.push(["animation", "values", value]);
      }
    } else if (element.namespaceURI === MATHML) {
      take("mathml", "href");
      takeXlink("mathml");
    } else if (element.namespaceURI === HTML) {
      if (name === "a" || name === "area") take(name, "href");
      else if (name === "form") take("form", "action");
      else if (name === "button" || name === "input") take("formaction", "formaction");
      else if (name === "iframe" || name === "frame") {
        if (name === "iframe") take("srcdoc", "srcdoc");
        take("frame", "src");
      } else if (name === "object") take("frame", "data");
      else if (name === "embed") take("frame", "src");
      else if (name === "meta" && /^refresh$/i.test(element.getAttribute("http-equiv") ?? "")) {
        take("meta_refresh", "content");
      }
    }
    return found;
  };

  // HTML standard, "shared declarative refresh steps".
  const refreshTarget = (content) => {
    const parsed = /^\s*(?=[0-9.])[0-9]*[0-9.]*(?:[;,]|\s+[;,]?)\s*(?:url\s*=\s*(["']?))?([^]*)$/i.exec(content);
    if (!parsed) return "";
    return (parsed[1] ? parsed[2].split(parsed[1])[0] : parsed[2]).trim();
  };

  // What carries a link in HTML carries none in SVG or MathML. Some program may think otherwise, so that it
  // is no fault to wrap it there.
  const FOREIGN_NAMES = {
    a: ["xlink:href"],
    area: ["href"],
    iframe: ["src", "srcdoc"],
    frame: ["src"],
    object: ["data"],
    embed: ["src"],
    meta: ["content"],
  };

  // cyrb53, a 53-bit string hash: enough to tell two trees apart.
  const digest = (text) => {
    let low = 0xdeadbeef;
    let high = 0x41c6ce57;
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      low = Math.imul(low ^ code, 2654435761);
      high = Math.imul(high ^ code, 1597334677);
    }
    low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
    high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
    return (high >>> 0).toString(16) + (low >>> 0).toString(16);
  };

  // `fallback` is the base of a document without one, `inWebmail` that in a web page: those around a srcdoc.
  const read = (root, scripting, fallback, inWebmail, depth) => {
    const links = [];
    const pieces = [root.compatMode];
    const ownBase = Array.from(root.querySelectorAll("base[href]"))
      .find((element) => element.namespaceURI === HTML)
      ?.getAttribute("href");
    const base = depth ? resolve(ownBase ?? "", fallback) || fallback : root.baseURI;
    const around = webBase(ownBase, inWebmail);
    const words = (node) => (scripting ? node.data.replace(/\s+/g, "") : node.data);
    let pixels = 0;
    const report = (element, kind, value, inert) => {
      if (kind === "srcdoc") {
        const inner = depth < DEEPEST ? read(parse(value), scripting, base, around, depth + 1) : [[], "", 0];
        for (const [innerKind, innerValue, url, innerInert, within] of inner[0]) {
          links.push([innerKind, innerValue, url, inert || innerInert, [value, ...within]]);
        }
        pieces.push(inner[1]);
        pixels += inner[2];
        return;
      }
      const text = kind === "meta_refresh" ? refreshTarget(value) : value;
      // A template's content is read as if it stood in its document, for there a program may put it.
      const isLive = !inert && !depth && (kind === "a" || kind === "area");
      const here = isLive ? element.href : resolve(text, base);
      const alone = resolve(here, undefined);
      // Where `//host` is no web address below a base like ftp:, it is one in a program that drops the base.
      const url = isWeb(alone) ? alone : resolveInWebmail(text, around) || alone || here;
      // A refresh without an address loads the document itself again, whatever the base is.
      if (kind !== "meta_refresh" || (text && /^https?:/.test(url))) links.push([kind, text, url, inert, []]);
    };
    const visit = (parent, inert) => {
      for (let node = parent.firstChild; node; node = node.nextSibling) {
        if (node.nodeType === Node.TEXT_NODE) {
          // With scripting, <noscript> holds text, in which links may have been wrapped, and white space behind
          // it may come to stand in the head or in the body, as a pixel is there or not.
          if (parent.localName !== "noscript") pieces.push(words(node));
        } else if (node.nodeType === Node.COMMENT_NODE) {
          pieces.push("\0!", /\[\s*if\b/i.test(node.data) ? "" : node.data, "\0");
        } else if (node.nodeType === Node.ELEMENT_NODE) {
          if (node.localName === "img" && (node.getAttribute("src") ?? "").startsWith(pixelPrefix)) {
            pixels += 1;
            continue;
          }
          // Around words that are an address a link may have been put, where a program would have made one.
          const [only] = node.childNodes;
          if (
            node.localName === "a" &&
            node.attributes.length === 1 &&
            node.childNodes.length === 1 &&
            only.nodeType === Node.TEXT_NODE &&
            /^(https?:|www\.)/i.test(only.data) &&
            node.hasAttribute("href")
          ) {
            for (const [kind, , value] of carried(node)) report(node, kind, value, inert);
            pieces.push(words(only));
            continue;
          }
          const here = carried(node);
          const masked = new Set(here.map(([, attribute]) => attribute));
          for (const attribute of FOREIGN_NAMES[node.localName] ?? []) masked.add(attribute);
          pieces.push("\0<", node.namespaceURI, " ", node.localName);
          for (const attribute of node.attributes) {
            pieces.push("\0 ", attribute.name, masked.has(attribute.name) ? "" : `=${withoutNull(attribute.value)}`);
          }
          pieces.push("\0>");
          for (const [kind, , value] of here) report(node, kind, value, inert);
          if (node.shadowRoot) visit(node.shadowRoot, inert);
          if (node.namespaceURI === HTML && node.localName === "template") visit(node.content, true);
          visit(node, inert);
          pieces.push("\0/");
        }
      }
    };
    visit(root, false);
    return [links, digest(pieces.join("")), pixels];
  };

  const parse = (html) => new DOMParser().parseFromString(html, "text/html");

  const results = documents.map(([html, scripting]) => {
    if (!scripting) return read(parse(html), false, "about:blank", WEBMAIL, 0);
    if (!frame.isConnected) document.body.append(frame);
    const inner = frame.contentDocument;
    inner.open();
    inner.write(html);
    inner.close();
    return read(inner, true, "about:blank", WEBMAIL, 0);
  });
  frame.remove();
  return results;
};
