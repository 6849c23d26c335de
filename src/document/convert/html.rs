//! `:html`: the text that a reader of a page sees.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{
    BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};

use crate::document::convert::text::Text;
use crate::document::convert::{Anomaly, Unfit, as_text, put_text};
use crate::sqlite::Value;

/// Elements that stand on lines of their own. When tags are simply cut out, the last word of one paragraph and the first
/// of the next become one word.
#[rustfmt::skip]
fn is_block(name: &str) -> bool {
    matches!(
        name,
        "address" | "article" | "aside" | "blockquote" | "body" | "br" | "caption" | "center" | "dd" | "details"
            | "dialog" | "dir" | "div" | "dl" | "dt" | "fieldset" | "figcaption" | "figure" | "footer" | "form"
            | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "head" | "header" | "hgroup" | "hr" | "html" | "legend"
            | "li" | "listing" | "main" | "menu" | "nav" | "ol" | "optgroup" | "option" | "p" | "plaintext" | "pre"
            | "search" | "section" | "summary" | "table" | "tbody" | "textarea" | "tfoot" | "thead" | "title"
            | "tr" | "ul" | "xmp"
    )
}

/// Elements that part words without ending a line: cells, pictures, controls. All others, `<b>` in the middle of a word
/// above all, part nothing.
#[rustfmt::skip]
fn parts_words(name: &str) -> bool {
    matches!(
        name,
        "audio" | "button" | "canvas" | "embed" | "iframe" | "img" | "input" | "math" | "meter" | "object"
            | "progress" | "rp" | "rt" | "select" | "svg" | "td" | "th" | "video"
    )
}

/// Elements that end a drawing or a formula in which they stand (the HTML standard's own list).
#[rustfmt::skip]
fn ends_foreign(name: &str) -> bool {
    matches!(
        name,
        "b" | "big" | "blockquote" | "body" | "br" | "center" | "code" | "dd" | "div" | "dl" | "dt" | "em" | "embed"
            | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "head" | "hr" | "i" | "img" | "li" | "listing" | "menu"
            | "meta" | "nobr" | "ol" | "p" | "pre" | "ruby" | "s" | "small" | "span" | "strong" | "strike" | "sub"
            | "sup" | "table" | "tt" | "u" | "ul" | "var"
    )
}

/// How the content of an element is read that holds no markup, and whether a reader sees it.
fn raw_content(name: &str) -> Option<(RawKind, bool)> {
    match name {
        "script" => Some((RawKind::ScriptData, false)),
        "style" | "noscript" | "iframe" | "noembed" | "noframes" => Some((RawKind::Rawtext, false)),
        "xmp" => Some((RawKind::Rawtext, true)),
        "textarea" | "title" => Some((RawKind::Rcdata, true)),
        _ => None,
    }
}

pub(super) fn write(
    value: Value<'_>,
    out: &mut Vec<u8>,
    anomaly: &mut dyn FnMut(Anomaly),
) -> Result<(), Unfit> {
    put_text(&to_text(&as_text(value)?), out, anomaly);
    Ok(())
}

/// The readable text of HTML, read as browsers read it: tags out, entities decoded once and after that, blocks
/// separated.
///
/// Decoding first and cutting tags then would eat `&lt;50 ...`; so it is tokenized.
pub(super) fn to_text(html: &str) -> String {
    let mut text = Text::with_capacity(html.len());
    let html = &without_nul(html);
    if !html.bytes().any(|byte| byte == b'<' || byte == b'&') {
        text.push(html, false);
        return text.finish();
    }
    let tokenizer = Tokenizer::new(Page::new(text), TokenizerOpts::default());
    feed(&tokenizer, html);
    tokenizer.end();
    tokenizer.sink.text.into_inner().finish()
}

/// A NUL parts words wherever it stands; the tokenizer makes a letter of it (U+FFFD) in some elements.
fn without_nul(html: &str) -> Cow<'_, str> {
    match html.contains('\0') {
        true => html.replace('\0', " ").into(),
        false => html.into(),
    }
}

/// How much of a page the tokenizer is given at once.
const CHUNK_BYTES: usize = 16 * 1024;

/// More attributes than any tag has. A picture of half a megabyte written into its tag has as many `/`.
const MAX_SEPARATORS: usize = 8192;

/// Gives a page to the tokenizer piece by piece, and bounds what that costs.
///
/// The tokenizer compares each attribute of a tag with all before it: a tag of one megabyte took 15 s, and one of eight
/// would hold a run for a quarter of an hour. Chunks that yield no token lie in a tag or a comment, where nothing is to
/// be seen; when there may be too many attributes in them, only the places are read from there on where it may end. The
/// three characters before a `>` belong to them: they end a comment.
fn feed(tokenizer: &Tokenizer<Page>, html: &str) {
    let input = BufferQueue::default();
    let mut rest = html;
    let mut separators = 0;
    while !rest.is_empty() {
        let mut end = rest.floor_char_boundary(CHUNK_BYTES);
        if separators > MAX_SEPARATORS {
            let Some(end_of_tag) = rest.find('>') else {
                return;
            };
            let start = rest.floor_char_boundary(end_of_tag.saturating_sub(3));
            rest = &rest[start..];
            end = end_of_tag + 1 - start;
        }
        let (chunk, after) = rest.split_at(end);
        let tokens = tokenizer.sink.tokens.get();
        input.push_back(StrTendril::from(chunk));
        while !input.is_empty() {
            let _ = tokenizer.feed(&input);
        }
        if tokens == tokenizer.sink.tokens.get() {
            separators += chunk.bytes().filter(is_separator).count();
        } else {
            separators = 0;
        }
        rest = after;
    }
}

/// Whether an attribute may begin behind a byte.
fn is_separator(byte: &u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b'/' | b'"' | b'\'')
}

/// Takes the tokens of a page.
struct Page {
    text: RefCell<Text>,
    /// Counts what came, so that it shows when nothing does.
    tokens: Cell<u64>,
    /// Inside an element whose content is not shown and which holds no markup.
    in_unseen: Cell<bool>,
    /// Open `<template>`, whose content is not shown either.
    templates: Cell<u32>,
    /// Open `<pre>` and the like, where a line's end is one.
    preformatted: Cell<u32>,
    /// Open `<svg>` and `<math>`, where a `<script/>` ends at once; elsewhere all that follows would be script.
    foreign: Cell<u32>,
}

impl Page {
    fn new(text: Text) -> Page {
        Page {
            text: RefCell::new(text),
            tokens: Cell::new(0),
            in_unseen: Cell::new(false),
            templates: Cell::new(0),
            preformatted: Cell::new(0),
            foreign: Cell::new(0),
        }
    }

    fn characters(&self, characters: &str) {
        if !self.in_unseen.get() && self.templates.get() == 0 {
            let keep_lines = self.preformatted.get() > 0;
            self.text.borrow_mut().push(characters, keep_lines);
        }
    }

    fn tag(&self, tag: &Tag) -> TokenSinkResult<()> {
        let name = &*tag.name;
        if self.templates.get() > 0 {
            // The lines in there are not shown either.
        } else if is_block(name) {
            self.text.borrow_mut().end_line();
        } else if parts_words(name) {
            self.text.borrow_mut().part();
        }
        match tag.kind {
            TagKind::StartTag => self.start(name, tag.self_closing),
            TagKind::EndTag => {
                self.in_unseen.set(false);
                if let Some(open) = self.open(name) {
                    open.set(open.get().saturating_sub(1));
                }
                TokenSinkResult::Continue
            }
        }
    }

    fn start(&self, name: &str, self_closing: bool) -> TokenSinkResult<()> {
        if ends_foreign(name) {
            self.foreign.set(0);
        }
        let in_foreign = self.foreign.get() > 0;
        // Only drawings and formulas know `<x/>`; in HTML it is `<x>`.
        let ends_at_once = self_closing && (in_foreign || matches!(name, "svg" | "math"));
        if ends_at_once {
            return TokenSinkResult::Continue;
        }
        if let Some(open) = self.open(name) {
            open.set(open.get().saturating_add(1));
        }
        match raw_content(name) {
            Some((kind, seen)) if !(in_foreign && seen) => {
                self.in_unseen.set(!seen);
                TokenSinkResult::RawData(kind)
            }
            _ => TokenSinkResult::Continue,
        }
    }

    /// The count of open elements of a kind that may stand in one another.
    fn open(&self, name: &str) -> Option<&Cell<u32>> {
        match name {
            "template" => Some(&self.templates),
            "pre" | "listing" | "textarea" | "xmp" => Some(&self.preformatted),
            "svg" | "math" => Some(&self.foreign),
            _ => None,
        }
    }
}

impl TokenSink for Page {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        // Errors come from inside a tag, too: they are no sign that it ended.
        if !matches!(token, Token::ParseError(_)) {
            self.tokens.set(self.tokens.get() + 1);
        }
        match token {
            Token::CharacterTokens(characters) => self.characters(&characters),
            Token::NullCharacterToken => {}
            Token::TagToken(tag) => return self.tag(&tag),
            Token::CommentToken(_) | Token::DoctypeToken(_) | Token::EOFToken => {}
            Token::ParseError(_) => {}
        }
        TokenSinkResult::Continue
    }
}

#[cfg(test)]
mod tests;
