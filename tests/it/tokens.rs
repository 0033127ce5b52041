//! Rust as words and signs, as far as the judge of the floors needs it: comments and literals are left out, and it is
//! known what is compiled for tests only.

/// A word or a sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// An identifier or a keyword.
    Word(String),
    /// `::`
    Path,
    /// Any other character.
    Sign(char),
}

/// The tokens of a source.
#[derive(Debug)]
pub(crate) struct Tokens {
    all: Vec<Token>,
    lines: Vec<usize>,
    /// Whether each stands in an item under `#[cfg(test)]`.
    tests: Vec<bool>,
    /// How many inline modules each stands in.
    depths: Vec<usize>,
}

impl Tokens {
    /// Reads a source.
    pub(crate) fn read(text: &str) -> Self {
        let (all, lines) = Lexer::new(text).run();
        let mut read = Self {
            tests: vec![false; all.len()],
            depths: vec![0; all.len()],
            all,
            lines,
        };
        for at in 0..read.len() {
            read.mark(at);
        }
        read
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// The line of a token, from 1.
    pub(crate) fn line(&self, at: usize) -> usize {
        self.lines[at]
    }

    /// Whether a token is compiled for tests only.
    pub(crate) fn is_test(&self, at: usize) -> bool {
        self.tests[at]
    }

    /// A token.
    pub(crate) fn get(&self, at: usize) -> Option<&Token> {
        self.all.get(at)
    }

    /// The word at `at`, where it begins a path or is named by `use`.
    pub(crate) fn first_of_path(&self, at: usize) -> Option<&str> {
        let word = self.word(at)?;
        let follows = match at.checked_sub(1).and_then(|before| self.get(before)) {
            Some(Token::Path) => at >= 2 && self.ends_a_path(at - 2),
            Some(Token::Sign('.')) => true,
            Some(_) | None => false,
        };
        let used = at > 0 && matches!(self.word(at - 1), Some("use" | "crate"));
        let begins = self.get(at + 1) == Some(&Token::Path) || used;
        (begins && !follows).then_some(word)
    }

    /// The paths below the crate that begin at `at`, where a `crate` or enough of `super` stands there; `modules` is how
    /// deep the file is. A group in braces gives a path for each of its names.
    pub(crate) fn crate_paths(&self, at: usize, modules: usize) -> Vec<Vec<String>> {
        let after = match self.word(at) {
            Some("crate") => at + 1,
            Some("super") if at == 0 || self.get(at - 1) != Some(&Token::Path) => {
                let depth = modules + self.depths[at];
                let Some(after) = self.after_supers(at, depth) else {
                    return Vec::new();
                };
                after
            }
            Some(_) | None => return Vec::new(),
        };
        if self.get(after) != Some(&Token::Path) {
            return Vec::new();
        }
        self.tree(after + 1).0
    }

    /// The names of modules in files of their own that are compiled for tests only.
    pub(crate) fn test_files(&self) -> Vec<String> {
        (0..self.len())
            .filter(|&at| self.tests[at] && self.depths[at] == 0)
            .filter(|&at| self.word(at) == Some("mod"))
            .filter(|&at| self.get(at + 2) == Some(&Token::Sign(';')))
            .filter_map(|at| self.word(at + 1).map(str::to_owned))
            .collect()
    }

    fn word(&self, at: usize) -> Option<&str> {
        match self.get(at)? {
            Token::Word(word) => Some(word),
            Token::Path | Token::Sign(_) => None,
        }
    }

    fn ends_a_path(&self, at: usize) -> bool {
        let keyword = matches!(self.word(at), Some("use" | "return" | "in" | "as" | "mut"));
        let word = self.word(at).is_some() && !keyword;
        word || self.get(at) == Some(&Token::Sign('>'))
    }

    /// Where a chain of `super` ends, if it leads to the root of the crate.
    fn after_supers(&self, at: usize, depth: usize) -> Option<usize> {
        let mut end = at + 1;
        let mut count = 1;
        while self.get(end) == Some(&Token::Path) && self.word(end + 1) == Some("super") {
            end += 2;
            count += 1;
        }
        (count == depth).then_some(end)
    }

    /// Reads a path or a group of paths, and says where it ends.
    fn tree(&self, at: usize) -> (Vec<Vec<String>>, usize) {
        if self.get(at) == Some(&Token::Sign('{')) {
            return self.group(at);
        }
        let Some(word) = self.word(at).map(str::to_owned).or_else(|| self.star(at)) else {
            return (Vec::new(), at + 1);
        };
        if self.get(at + 1) != Some(&Token::Path) {
            let path = if word == "self" {
                Vec::new()
            } else {
                vec![word]
            };
            return (vec![path], at + 1);
        }
        let (below, end) = self.tree(at + 2);
        let below = if below.is_empty() {
            vec![Vec::new()]
        } else {
            below
        };
        let join = |rest: Vec<String>| [vec![word.clone()], rest].concat();
        (below.into_iter().map(join).collect(), end)
    }

    fn group(&self, open: usize) -> (Vec<Vec<String>>, usize) {
        let mut all = Vec::new();
        let mut at = open + 1;
        while at < self.len() && self.get(at) != Some(&Token::Sign('}')) {
            if self.get(at) == Some(&Token::Sign(',')) {
                at += 1;
                continue;
            }
            let (paths, end) = self.tree(at);
            all.extend(paths);
            at = end;
            // `as other` belongs to the name before it.
            if self.word(at) == Some("as") {
                at += 2;
            }
        }
        (all, at + 1)
    }

    fn star(&self, at: usize) -> Option<String> {
        (self.get(at) == Some(&Token::Sign('*'))).then(|| "*".to_owned())
    }

    /// Marks what begins at `at`: an inline module, or an item under `#[cfg(test)]`.
    fn mark(&mut self, at: usize) {
        let opens = self.get(at + 2) == Some(&Token::Sign('{'));
        if self.word(at) == Some("mod") && opens {
            let end = self.end_of_item(at);
            for depth in &mut self.depths[at + 2..end] {
                *depth += 1;
            }
        }
        if self.is_cfg_test(at) {
            let end = self.end_of_item(at + 7);
            self.tests[at..end].fill(true);
        }
    }

    fn is_cfg_test(&self, at: usize) -> bool {
        let sign = |place: usize, sign| self.get(at + place) == Some(&Token::Sign(sign));
        let word = |place: usize, word| self.word(at + place) == Some(word);
        sign(0, '#')
            && sign(1, '[')
            && word(2, "cfg")
            && sign(3, '(')
            && word(4, "test")
            && sign(5, ')')
            && sign(6, ']')
    }

    /// Where the item at `from` ends: behind its `;`, or behind the brace that closes its first one.
    fn end_of_item(&self, from: usize) -> usize {
        let mut open = 0_usize;
        for at in from..self.len() {
            match self.get(at) {
                Some(Token::Sign('{')) => open += 1,
                Some(Token::Sign('}')) if open <= 1 => return at + 1,
                Some(Token::Sign('}')) => open -= 1,
                Some(Token::Sign(';')) if open == 0 => return at + 1,
                Some(_) | None => {}
            }
        }
        self.len()
    }
}

struct Lexer<'a> {
    rest: &'a str,
    line: usize,
    tokens: Vec<Token>,
    lines: Vec<usize>,
}

impl<'a> Lexer<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            rest: text,
            line: 1,
            tokens: Vec::new(),
            lines: Vec::new(),
        }
    }

    fn run(mut self) -> (Vec<Token>, Vec<usize>) {
        while let Some(first) = self.rest.chars().next() {
            if self.rest.starts_with("//") {
                self.skip(self.rest.find('\n').unwrap_or(self.rest.len()));
            } else if self.rest.starts_with("/*") {
                self.block_comment();
            } else if let Some(length) = raw_string(self.rest) {
                self.skip(length);
            } else if first == '"' {
                self.skip(quoted(self.rest, '"'));
            } else if first == '\'' {
                self.skip(character_or_lifetime(self.rest));
            } else if first.is_alphabetic() || first == '_' {
                let word = |c: char| c.is_alphanumeric() || c == '_';
                let length = self.rest.find(|c| !word(c)).unwrap_or(self.rest.len());
                self.push(Token::Word(self.rest[..length].to_owned()), length);
            } else if self.rest.starts_with("::") {
                self.push(Token::Path, 2);
            } else if first.is_whitespace() {
                self.skip(first.len_utf8());
            } else {
                self.push(Token::Sign(first), first.len_utf8());
            }
        }
        (self.tokens, self.lines)
    }

    fn push(&mut self, token: Token, length: usize) {
        self.tokens.push(token);
        self.lines.push(self.line);
        self.skip(length);
    }

    fn skip(&mut self, length: usize) {
        let (gone, rest) = self.rest.split_at(length);
        self.line += gone.matches('\n').count();
        self.rest = rest;
    }

    fn block_comment(&mut self) {
        let mut open = 0_usize;
        loop {
            if self.rest.starts_with("/*") {
                open += 1;
                self.skip(2);
            } else if self.rest.starts_with("*/") {
                open -= 1;
                self.skip(2);
            } else {
                let Some(next) = self.rest.chars().next() else {
                    return;
                };
                self.skip(next.len_utf8());
            }
            if open == 0 {
                return;
            }
        }
    }
}

/// The length of a raw string at the start of `text`.
fn raw_string(text: &str) -> Option<usize> {
    let body = ["r", "br", "cr"]
        .iter()
        .filter_map(|prefix| text.strip_prefix(prefix))
        .find(|body| body.trim_start_matches('#').starts_with('"'))?;
    let hashes = body.len() - body.trim_start_matches('#').len();
    let close = format!("\"{}", "#".repeat(hashes));
    let content = &body[hashes + 1..];
    let end = content
        .find(&close)
        .map_or(content.len(), |at| at + close.len());
    Some(text.len() - content.len() + end)
}

/// The length of what stands between two of `mark`, both included.
fn quoted(text: &str, mark: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == mark => return at + c.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

/// `'a'`, `'\n'` and `'\''` are characters, `'a` is a lifetime.
fn character_or_lifetime(text: &str) -> usize {
    let mut following = text.chars().skip(1);
    let first = following.next();
    let is_character = first == Some('\\') || following.next() == Some('\'');
    if is_character { quoted(text, '\'') } else { 1 }
}
