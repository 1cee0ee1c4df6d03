import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Coroutine, Op, type Resumer } from '../suspend/op.ts';
import { hostFunction, leaf, twinOf } from '../suspend/runtime.ts';
import { createHtmlModule, parseHtml, type Selection } from './html.ts';
import type { HtmlElement } from './html-element.ts';
import { FakeHost } from './testing/fake-host.ts';

const PAGE = `<!DOCTYPE html>
<html lang="en"><head><title>Title &amp; more</title></head>
<body class="page main">
  <!-- a comment -->
  <div id="top" data-user-id="7" data-flags='{"a":[1]}' data-on="true" data-text="1.0" data-none="null">
    <p class="a">one <b>bold</b></p><p class="b">two</p><p class="a b">three</p>
  </div>
  <ul><li>1</li><li class="x">2</li><li>3</li><li>4</li></ul>
  <a href="https://user:pw@example.com:8080/path/x?q=1#frag" rel="next nofollow">link</a>
</body></html>`;

const page = () => parseHtml(PAGE);
const texts = (selection: Selection) => selection.toArray().map((item) => item.text());
const element = (selection: Selection, index = 0): HtmlElement => {
  const found = selection.get(index);
  assert.ok(found !== undefined && !Array.isArray(found));
  return found;
};
const call = (target: object, name: string, ...args: unknown[]): unknown => {
  const method: unknown = Reflect.get(target, name);
  assert.ok(typeof method === 'function', name);
  return Reflect.apply(method, target, args) as unknown;
};

test('the module parses, and is exported twice', () => {
  const module = createHtmlModule();
  const parse = module.named['parseHTML'] as (text?: unknown) => Selection;
  assert.equal(parse('<p>x</p>').find('p').text(), 'x');
  assert.equal(module.default, module.named);
});

test('find searches descendants by selector, Selection or Element', () => {
  const doc = page();
  assert.deepEqual(texts(doc.find('p')), ['one bold', 'two', 'three']);
  assert.deepEqual(texts(doc.find('p.a, p.b')), ['one bold', 'two', 'three']);
  assert.deepEqual(texts(doc.find('li:nth-child(2)')), ['2']);
  assert.deepEqual(texts(doc.find('div').find('b')), ['bold']);
  assert.deepEqual(texts(doc.find('ul').find(doc.find('.x'))), ['2']);
  assert.deepEqual(texts(doc.find('ul').find(element(doc.find('.x')))), ['2']);
  assert.equal(doc.find('ul').find('p').size(), 0);
  assert.throws(() => doc.find(5), TypeError);
  assert.throws(() => doc.find(), TypeError);
});

test('a selector that cannot be parsed matches nothing', () => {
  for (const selector of ['p[', '> p', '', '::nope(', 'p:nope']) {
    assert.equal(page().find(selector).size(), 0, selector);
  }
});

test('walks to children, parents and siblings', () => {
  const doc = page();
  assert.equal(doc.find('#top').children().size(), 3);
  assert.equal(doc.find('#top').children('.a').size(), 2);
  assert.equal(doc.find('p').contents().size(), 4);
  assert.equal(doc.find('b').closest('div').attr('id'), 'top');
  assert.equal(doc.find('b').closest('b').size(), 1);
  assert.equal(doc.find('li').parent().size(), 1);
  assert.equal(doc.find('li').parent('ol').size(), 0);
  const names = (selection: Selection) =>
    (selection.get() as HtmlElement[]).map((item) => item.nodeName());
  assert.deepEqual(names(doc.find('b').parents()), ['p', 'div', 'body', 'html']);
  assert.deepEqual(names(doc.find('b').parents('div, p')), ['p', 'div']);
  assert.deepEqual(names(doc.find('b').parentsUntil('body')), ['p', 'div']);
  assert.deepEqual(names(doc.find('b').parentsUntil('body', 'div')), ['div']);
  assert.deepEqual(texts(doc.find('.x').siblings()), ['1', '3', '4']);
  assert.deepEqual(texts(doc.find('li').first().siblings('.x')), ['2']);
});

test('walks to the next and the previous ones', () => {
  const list = page().find('li');
  assert.deepEqual(texts(list.eq(1).next()), ['3']);
  assert.deepEqual(texts(list.eq(1).next('.x')), []);
  assert.deepEqual(texts(list.eq(0).nextAll()), ['2', '3', '4']);
  assert.deepEqual(texts(list.eq(0).nextAll('.x')), ['2']);
  assert.deepEqual(texts(list.eq(0).nextUntil(list.eq(3))), ['2', '3']);
  assert.deepEqual(texts(list.eq(3).prev()), ['3']);
  assert.deepEqual(texts(list.eq(3).prevAll()), ['3', '2', '1']);
  assert.deepEqual(texts(list.eq(3).prevUntil('.x')), ['3']);
  assert.deepEqual(texts(list.eq(3).prevUntil()), ['3', '2', '1']);
});

test('narrows by position', () => {
  const list = page().find('li');
  assert.deepEqual(texts(list.first()), ['1']);
  assert.deepEqual(texts(list.last()), ['4']);
  assert.deepEqual(texts(list.eq(-2)), ['3']);
  assert.equal(list.eq(9).size(), 0);
  fc.assert(
    fc.property(fc.integer({ min: -6, max: 6 }), fc.integer({ min: -6, max: 6 }), (start, end) => {
      assert.deepEqual(texts(list.slice(start, end)), ['1', '2', '3', '4'].slice(start, end));
      assert.deepEqual(texts(list.slice(start)), ['1', '2', '3', '4'].slice(start));
    }),
  );
});

test('add joins others of the document, found by an empty Selection too', () => {
  const doc = page();
  const [x, second] = [doc.find('.x'), doc.find('p').eq(1)];
  assert.deepEqual(texts(x.add('p')), ['2', 'one bold', 'two', 'three']);
  assert.deepEqual(texts(x.add(second)), ['2', 'two']);
  assert.deepEqual(texts(x.add(element(second)).add(second)), ['2', 'two']);
  assert.deepEqual(texts(doc.find('nope').first().add('.x')), ['2']);
  const none = doc.find('li').filter('nope') as Selection;
  assert.deepEqual(texts(none.add('b')), ['bold']);
  assert.equal(doc.find('nope').add(doc.find('nope')).size(), 0);
  assert.throws(() => x.add(5), TypeError);
});

test('index is the position among siblings, or in what is given', () => {
  const doc = page();
  const list = doc.find('li');
  assert.equal(doc.find('.x').index(), 1);
  assert.equal(doc.find('.x').index('li'), 1);
  assert.equal(doc.find('.x').index('p'), -1);
  assert.equal(list.index(doc.find('.x')), 1);
  assert.equal(list.index(element(list, 3)), 3);
  assert.equal(list.index(doc.find('p')), -1);
  assert.equal(list.index(doc.find('nope')), -1);
  assert.equal(doc.find('nope').index(), -1);
});

test('filter, not, is and has take selectors, Selections, Elements; the first three functions too', () => {
  const doc = page();
  const list = doc.find('li');
  const isSecond = (index: unknown) => index === 1;
  const x = doc.find('.x');
  for (const what of ['.x', x, element(x), isSecond]) {
    assert.deepEqual(texts(list.filter(what) as Selection), ['2']);
    assert.deepEqual(texts(list.not(what) as Selection), ['1', '3', '4']);
    assert.equal(list.is(what), true);
    assert.equal(list.first().is(what === isSecond ? () => false : what), false);
  }
  assert.deepEqual(texts(doc.find('p').has('b')), ['one bold']);
  const seen: unknown[] = [];
  list.filter((index: unknown, item: Selection) => {
    seen.push([index, item.text()]);
    return false;
  });
  assert.deepEqual(seen, [
    [0, '1'],
    [1, '2'],
    [2, '3'],
    [3, '4'],
  ]);
  for (const method of ['filter', 'not', 'is'] as const) {
    assert.throws(() => list[method](5), TypeError);
    assert.throws(() => list[method](undefined), TypeError);
  }
});

test('each gives Elements, map gives Selections and collects', () => {
  const list = page().find('li');
  const seen: unknown[] = [];
  list.each((index: unknown, item: HtmlElement) => seen.push([index, item.textContent()]));
  assert.deepEqual(seen.slice(0, 2), [
    [0, '1'],
    [1, '2'],
  ]);
  assert.deepEqual(
    list.map((index: number, item: Selection) => `${index}${item.text()}`),
    ['01', '12', '23', '34'],
  );
  const error = new Error('mine');
  assert.throws(
    () =>
      list.each(() => {
        throw error;
      }),
    error,
  );
  for (const bad of [undefined, 'x', {}]) {
    assert.throws(() => list.each(bad), TypeError);
    assert.throws(() => list.map(bad), TypeError);
  }
});

test('callbacks may block', async () => {
  const host = new FakeHost();
  class WaitOp extends Op {
    start(resumer: Resumer): void {
      setImmediate(() => resumer.ok(undefined));
    }

    cancel(): void {}
  }
  const wait = twinOf(leaf(host, 'wait', () => new WaitOp()));
  const log: unknown[] = [];
  const callback = hostFunction(host, 'callback', 2, function* (index: unknown): Coroutine {
    if (wait !== undefined) yield* wait();
    log.push(index);
    return index === 1;
  });
  const list = page().find('li');
  for (const method of ['each', 'map', 'filter', 'not', 'is'] as const) {
    const twin = twinOf(list[method]);
    assert.ok(twin !== undefined);
    let result: unknown;
    await host.run(function* () {
      result = yield* twin.call(list, callback);
    });
    assert.deepEqual(log.splice(0), [0, 1, 2, 3], method);
    if (method === 'map') assert.deepEqual(result, [false, true, false, false]);
    if (method === 'filter') assert.deepEqual(texts(result as Selection), ['2']);
    if (method === 'is') assert.equal(result, true);
  }
  assert.deepEqual(host.errors, []);
});

test('text, html and attributes are those of the document', () => {
  const doc = page();
  assert.equal(doc.find('title').text(), 'Title & more');
  assert.equal(doc.find('p').first().html(), 'one <b>bold</b>');
  assert.equal(doc.find('title').html(), 'Title &amp; more');
  assert.equal(doc.find('p').attr('class'), 'a');
  assert.equal(doc.find('p').attr('nope'), undefined);
  assert.equal(doc.find('p').attr('nope', 'fallback'), 'fallback');
  const nothing = doc.find('nope');
  assert.equal(nothing.text(), '');
  assert.equal(nothing.html(), undefined);
  assert.equal(nothing.attr('x'), undefined);
  assert.equal(nothing.val(), undefined);
  assert.equal(nothing.data('x'), undefined);
  assert.equal(nothing.get(0), undefined);
  assert.deepEqual(nothing.get(), []);
  assert.equal(String(nothing), '[object html.Selection]');
});

test('data reads values as jQuery does', () => {
  const top = page().find('#top');
  assert.equal(top.data('userId'), 7);
  assert.equal(top.data('user-id'), 7);
  assert.deepEqual(top.data('flags'), { a: [1] });
  assert.equal(top.data('on'), true);
  assert.equal(top.data('text'), '1.0');
  assert.equal(top.data('none'), null);
  assert.equal(top.data('missing'), undefined);
  assert.deepEqual(top.data(), { userId: 7, flags: { a: [1] }, on: true, text: '1.0', none: null });
  assert.equal(parseHtml('<p data-x="{no">').find('p').data('x'), '{no');
});

test('a fragment gets html, head and body, and a table its body, as in a browser', () => {
  const doc = parseHtml('<title>t</title><p>x</p><table><tr><td>1</td></tr></table>tail');
  assert.equal(
    doc.html(),
    '<html><head><title>t</title></head><body><p>x</p>' +
      '<table><tbody><tr><td>1</td></tr></tbody></table>tail</body></html>',
  );
  assert.equal(parseHtml('').html(), '<html><head></head><body></body></html>');
  assert.equal(doc.find('table > tbody > tr').size(), 1);
  assert.equal(page().find('html > body.main').size(), 1);
  assert.ok(page().html()?.startsWith('<!DOCTYPE html><html lang="en"><head><title>'));
});

test('HTML is written with entities, void elements and raw text as k6 writes them', () => {
  const write = (text: string) => parseHtml(text).find('body').html();
  assert.equal(write(`<p title='"<'>&lt;'"</p>`), '<p title="&#34;&lt;">&lt;&#39;&#34;</p>');
  assert.equal(write('<p>x<br>y<img src=a>'), '<p>x<br/>y<img src="a"/></p>');
  assert.equal(write('<p><script>a < b && "c"</script>'), '<p><script>a < b && "c"</script></p>');
  assert.equal(write('<div><!-- c --></div>'), '<div><!-- c --></div>');
});

test('parsing what was written gives the same again', () => {
  const word = fc.constantFrom(
    '<p>',
    '</p>',
    '<b a="1">',
    '</b>',
    '<br>',
    'x',
    '&amp;',
    '<',
    '"',
    '<!--c-->',
    '<tr>',
    '<table>',
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 12 }), (words) => {
      const once = parseHtml(words.join('')).html();
      assert.equal(parseHtml(String(once)).html(), once);
    }),
  );
});

const FORM = `<form id="f" method="POST" action="/go">
  <input name="user" value="bob"><input name="empty"><input value="nameless">
  <input type="checkbox" name="c1" checked><input type="checkbox" name="c2" value="v">
  <input type="radio" name="r" value="1"><input type="radio" name="r" value="2" checked>
  <select name="s"><option value="a">A<option selected>B  b</select>
  <select name="first"><option disabled>no</option><option>yes</option></select>
  <select name="m" multiple><option selected>1<option>2<option selected>3</select>
  <textarea name="t">a
b &amp; c</textarea>
  <input name="off" disabled value="x"><fieldset disabled><input name="inner" value="x"></fieldset>
  <input type="submit" name="go" value="Go"><input type="file" name="up"><button name="b" value="1">x</button>
  <label for="user-id">User</label><label>Wrapped <input id="w" name="w" value="é ä"></label>
</form>`;

test('a form serialises what a browser would send', () => {
  const form = parseHtml(FORM).find('form');
  const expected = [
    ['user', 'bob'],
    ['empty', ''],
    ['c1', 'on'],
    ['r', '2'],
    ['s', 'B b'],
    ['first', 'yes'],
    ['m', '1'],
    ['m', '3'],
    ['t', 'a\r\nb & c'],
    ['w', 'é ä'],
  ];
  assert.deepEqual(
    form.serializeArray().map(({ name, value }) => [name, value]),
    expected,
  );
  assert.deepEqual(form.serializeObject(), Object.fromEntries(expected) as unknown);
  assert.equal(
    form.serialize(),
    'user=bob&empty=&c1=on&r=2&s=B+b&first=yes&m=1&m=3&t=a%0D%0Ab+%26+c&w=%C3%A9+%C3%A4',
  );
  assert.equal(form.find('[name=user]').serialize(), 'user=bob');
});

test('val gives the value of each kind of control', () => {
  const form = parseHtml(FORM);
  assert.equal(form.find('[name=user]').val(), 'bob');
  assert.equal(form.find('[name=empty]').val(), undefined);
  assert.equal(form.find('[name=s]').val(), 'B b');
  assert.deepEqual(form.find('[name=m]').val(), ['1', '3']);
  assert.equal(form.find('textarea').val(), 'a\nb & c');
  assert.equal(form.find('option').val(), 'a');
});

test('an Element has the properties of its node as methods', () => {
  const doc = page();
  const top = element(doc.find('#top'));
  assert.equal(top.nodeName(), 'div');
  assert.equal(top.nodeType(), 1);
  assert.equal(top.nodeValue(), undefined);
  assert.equal(top.id(), 'top');
  assert.equal(top.childElementCount(), 3);
  assert.equal(top.children().length, 3);
  assert.ok(top.childNodes().length > 3);
  assert.equal(top.firstChild()?.nodeName(), '#text');
  assert.equal(top.firstChild()?.nodeType(), 3);
  assert.match(top.firstChild()?.nodeValue() ?? '', /^\s+$/);
  assert.equal(top.firstElementChild()?.textContent(), 'one bold');
  assert.equal(top.lastElementChild()?.textContent(), 'three');
  assert.equal(top.lastChild()?.nodeName(), '#text');
  assert.equal(top.parentElement()?.nodeName(), 'body');
  assert.equal(top.parentNode()?.nodeName(), 'body');
  assert.equal(top.ownerDocument()?.nodeName(), '#document');
  assert.equal(top.ownerDocument()?.nodeType(), 9);
  assert.equal(top.nextElementSibling()?.nodeName(), 'ul');
  assert.equal(top.previousElementSibling(), undefined);
  assert.equal(top.previousSibling()?.previousSibling()?.nodeName(), '#comment');
  assert.equal(top.previousSibling()?.previousSibling()?.textContent(), ' a comment ');
  assert.equal(top.nextSibling()?.nodeName(), '#text');
  assert.equal(top.hasChildNodes(), true);
  assert.equal(top.innerHTML().trim().startsWith('<p class="a">'), true);
  assert.equal(top.isDefaultNamespace(), true);
  assert.equal(String(top), '[object html.Node]');
  assert.equal(element(doc.find('html')).lang(), 'en');
});

test('an Element has attributes and classes', () => {
  const body = element(page().find('body'));
  assert.equal(body.className(), 'page main');
  assert.deepEqual(body.classList(), ['page', 'main']);
  assert.equal(body.hasAttribute('class'), true);
  assert.equal(body.hasAttribute('toString'), false);
  assert.equal(body.hasAttributes(), true);
  assert.equal(body.getAttribute('class'), 'page main');
  assert.equal(body.getAttribute('no'), undefined);
  assert.equal(body.getAttributeNode('no'), undefined);
  const attribute = body.attributes()['class'];
  assert.equal(attribute?.name, 'class');
  assert.equal(attribute?.value, 'page main');
  assert.equal(attribute?.ownerElement, body);
  const link = element(parseHtml('<svg><a xlink:href="x"></a></svg>').find('svg'));
  assert.equal(link.namespaceURI(), 'http://www.w3.org/2000/svg');
  const prefixed = link.firstElementChild()?.getAttributeNode('xlink:href');
  assert.equal(prefixed?.prefix(), 'xlink');
  assert.equal(prefixed?.localName(), 'href');
});

test('an Element searches, compares and contains', () => {
  const doc = page();
  const body = element(doc.find('body'));
  const p = body.querySelector('p');
  assert.equal(p?.textContent(), 'one bold');
  assert.equal(body.querySelector('nope'), undefined);
  assert.equal(body.querySelectorAll('p').length, 3);
  assert.equal(body.getElementsByClassName('a').length, 2);
  assert.equal(body.getElementsByClassName('b a').length, 1);
  assert.equal(body.getElementsByTagName('LI').length, 4);
  assert.equal(p?.matches('.a'), true);
  assert.equal(p?.matches('['), false);
  assert.equal(body.contains(p), true);
  assert.equal(body.contains(body), true);
  assert.equal(p?.contains(body), false);
  assert.equal(body.contains('p'), false);
  assert.equal(p?.isSameNode(element(doc.find('p'))), true);
  assert.equal(p?.isSameNode(element(doc.find('p'), 1)), false);
  assert.equal(
    p?.isEqualNode(element(parseHtml('<p class="a">one <b>bold</b></p>').find('p'))),
    true,
  );
});

test('an Element gives the Selection of itself', () => {
  const item = element(page().find('.x'));
  const selection = call(item, 'selection') as Selection;
  assert.deepEqual([selection.size(), selection.text()], [1, '2']);
  assert.deepEqual(texts(selection.closest('ul').children('.x')), ['2']);
  const link = element(page().find('a'));
  assert.equal((call(link, 'selection') as Selection).attr('rel'), 'next nofollow');
});

test('links have the parts of their address', () => {
  const link = element(page().find('a'));
  const parts = {
    href: 'https://user:pw@example.com:8080/path/x?q=1#frag',
    protocol: 'https:',
    host: 'example.com:8080',
    hostname: 'example.com',
    port: '8080',
    pathname: '/path/x',
    search: '?q=1',
    hash: '#frag',
    username: 'user',
    password: 'pw',
    origin: 'https://example.com:8080',
    text: 'link',
  };
  for (const [name, value] of Object.entries(parts)) assert.equal(call(link, name), value, name);
  assert.deepEqual(call(link, 'relList'), ['next', 'nofollow']);
  const relative = element(parseHtml('<a href="b?c#d">').find('a'));
  assert.equal(call(relative, 'pathname'), '/b');
  assert.equal(call(relative, 'search'), '?c');
  assert.equal(call(relative, 'host'), '');
  assert.equal(call(element(parseHtml('<a>').find('a')), 'href'), '');
});

test('form controls know their form, labels and options', () => {
  const doc = parseHtml(`${FORM}<input id="user-id" form="f" name="outside">`);
  const form = element(doc.find('form'));
  assert.equal(call(form, 'method'), 'post');
  assert.equal(call(form, 'length'), (call(form, 'elements') as unknown[]).length);
  const outside = element(doc.find('#user-id'));
  assert.equal((call(outside, 'form') as HtmlElement).isSameNode(form), true);
  assert.equal(call(outside, 'formMethod'), 'post');
  assert.equal(call(outside, 'formAction'), '/go');
  assert.equal((call(outside, 'labels') as HtmlElement[])[0]?.textContent(), 'User');
  assert.equal((call(element(doc.find('#w')), 'labels') as HtmlElement[]).length, 1);
  const label = element(doc.find('label[for]'));
  assert.equal((call(label, 'control') as HtmlElement).isSameNode(outside), true);
  const select = element(doc.find('[name=s]'));
  assert.equal(call(select, 'length'), 2);
  assert.equal(call(select, 'selectedIndex'), 1);
  assert.equal(call(select, 'type'), 'select-one');
  assert.equal(call(select, 'value'), 'B b');
  const option = (call(select, 'options') as HtmlElement[])[1];
  assert.ok(option !== undefined);
  assert.equal(call(option, 'index'), 1);
  assert.equal(call(option, 'selected'), true);
  assert.equal(call(element(doc.find('button')), 'value'), '1');
  assert.equal(call(element(parseHtml('<p>').find('p')), 'matches', 'p'), true);
});

test('tables know their parts', () => {
  const doc = parseHtml(
    '<table><caption>c</caption><thead><tr><th>h</th></tr></thead><tr><td>1</td><td>2</td></tr></table>',
  );
  const table = element(doc.find('table'));
  assert.equal((call(table, 'rows') as unknown[]).length, 2);
  assert.equal((call(table, 'caption') as HtmlElement).textContent(), 'c');
  assert.equal((call(table, 'tBodies') as unknown[]).length, 1);
  assert.equal(call(table, 'tFoot'), undefined);
  const row = element(doc.find('tbody tr'));
  assert.equal(call(row, 'rowIndex'), 1);
  assert.equal(call(row, 'sectionRowIndex'), 0);
  const cell = (call(row, 'cells') as HtmlElement[])[1];
  assert.equal(cell === undefined ? undefined : call(cell, 'cellIndex'), 1);
});
