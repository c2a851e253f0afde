// Lays documents out and says where the pixel stands. In: the pixel's URL prefix, documents, the width of
// the window. Out, for each: how many pixels there are and, of the first, what a reader would see of it.
async ([pixelPrefix, documents, width]) => {
  const BLANK = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7";
  const frame = document.createElement("iframe");
  frame.setAttribute("sandbox", "allow-same-origin");
  frame.style.cssText = `width:${width}px;height:800px;border:0`;
  document.body.append(frame);
  const isPixel = (image) => (image.getAttribute("src") ?? "").startsWith(pixelPrefix);
  const results = [];
  for (const html of documents) {
    const inner = frame.contentDocument;
    inner.open();
    inner.write(html);
    inner.close();
    const pixels = [...inner.images].filter(isPixel);
    const [pixel] = pixels;
    if (!pixel) {
      results.push({ pixels: 0 });
      continue;
    }
    pixel.src = BLANK;
    await pixel.decode();
    const box = pixel.getBoundingClientRect();
    const ancestors = [];
    for (let node = pixel.parentElement; node; node = node.parentElement) ancestors.push(node.localName);
    const walker = inner.createTreeWalker(inner.body ?? inner, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
    walker.currentNode = pixel;
    let behind = "";
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      behind += node.nodeType === Node.TEXT_NODE ? node.data.trim() : `<${node.localName}>`;
    }
    results.push({
      pixels: pixels.length,
      width: box.width,
      height: box.height,
      visible: pixel.offsetParent !== null && pixel.checkVisibility({ visibilityProperty: true }),
      ancestors,
      behind,
    });
  }
  frame.remove();
  return results;
};
