/// How a console looks.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Colours.
    pub theme: Theme,
    /// Characters.
    pub glyphs: Glyphs,
}

/// Colours. They come after a word and a glyph, never alone.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// The terminal's own colours.
    #[default]
    Terminal,
    /// Strong contrast.
    Contrast,
    /// Blue and orange, for those who do not tell red from green.
    ColourBlind,
    /// None: bold, dim, underlined and reversed alone. What NO_COLOR asks for.
    Mono,
}

/// Characters.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub enum Glyphs {
    /// Boxes, bars and signs of Unicode.
    #[default]
    Unicode,
    /// ASCII alone, but for names.
    Ascii,
}
