use ratatui::style::{Color, Modifier, Style};

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

/// What a piece of the screen wants to say by its looks.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// As it should be.
    Normal,
    /// Of less weight: frames, codes, what is long known.
    Dim,
    /// Of more weight: titles, and names of what is open.
    Strong,
    /// Differs from what is usual.
    Warn,
    /// Is wrong.
    Bad,
    /// Is wrong and wants somebody now.
    Alarm,
}

impl Theme {
    /// The style that gives a piece its looks.
    pub fn style(self, role: Role) -> Style {
        let plain = Style::new();
        let bold = plain.add_modifier(Modifier::BOLD);
        match (self, role) {
            (_, Role::Normal) | (Self::Contrast, Role::Dim) => plain,
            (_, Role::Strong) => bold,
            (_, Role::Dim) => plain.add_modifier(Modifier::DIM),
            (Self::Terminal, Role::Warn) => plain.fg(Color::Yellow),
            (Self::Terminal, Role::Bad) => bold.fg(Color::Red),
            (Self::Terminal, Role::Alarm) => bold.fg(Color::Red).add_modifier(Modifier::REVERSED),
            (Self::Contrast, Role::Warn) => bold.fg(Color::LightYellow),
            (Self::Contrast, Role::Bad) => bold.fg(Color::LightRed),
            (Self::Contrast, Role::Alarm) => bold.fg(Color::White).bg(Color::Red),
            (Self::ColourBlind, Role::Warn) => plain.fg(Self::BLUE),
            (Self::ColourBlind, Role::Bad) => bold.fg(Self::ORANGE),
            (Self::ColourBlind, Role::Alarm) => bold.fg(Color::Black).bg(Self::ORANGE),
            (Self::Mono, Role::Warn) => plain.add_modifier(Modifier::UNDERLINED),
            (Self::Mono, Role::Bad) => bold.add_modifier(Modifier::UNDERLINED),
            (Self::Mono, Role::Alarm) => bold.add_modifier(Modifier::REVERSED),
        }
    }

    /// Of the 256 colours: told from orange by everybody.
    const BLUE: Color = Color::Indexed(39);
    /// Of the 256 colours: told from blue by everybody.
    const ORANGE: Color = Color::Indexed(208);
}

/// The characters that a screen is made of.
#[derive(Debug)]
pub struct Signs {
    /// Stands for what is left out of a text.
    pub ellipsis: &'static str,
    /// Between the parts of a line.
    pub bar: &'static str,
    /// Between parts of a line that belong together.
    pub dot: &'static str,
    /// Before what is to be done.
    pub arrow: &'static str,
    /// Before what is selected.
    pub cursor: &'static str,
    /// Somebody is here; a link is up.
    pub full: &'static str,
    /// Somebody is not here; a link is not up.
    pub empty: &'static str,
    /// A link is being tried.
    pub trying: &'static str,
    /// A letter of a number that is hidden.
    pub hidden: &'static str,
    /// Stands where there is nothing.
    pub none: &'static str,
    /// Before how often something happened.
    pub times: &'static str,
    /// An alarm that nobody has seen.
    pub alarm_new: &'static str,
    /// An alarm that was seen and is still true.
    pub alarm_seen: &'static str,
    /// An alarm that has ended.
    pub alarm_ended: &'static str,
    /// An alarm that is shelved.
    pub alarm_shelved: &'static str,
    /// Keys that move.
    pub arrows: &'static str,
    /// Bars of one cell, from the lowest to the full one.
    pub bars: &'static [&'static str],
    /// What is usual, in a picture.
    pub usual: &'static str,
    /// The frame of the pane that keys go to.
    pub thick: Edges,
    /// The frame of any other pane.
    pub light: Edges,
    /// The corner, line and tick of an axis.
    pub axis: [&'static str; 4],
}

/// What a frame is made of.
#[derive(Debug)]
pub struct Edges {
    /// The corners: top left, top right, bottom left, bottom right.
    pub corners: [&'static str; 4],
    /// A horizontal line.
    pub across: &'static str,
    /// A vertical line.
    pub down: &'static str,
}

impl Glyphs {
    /// The characters of this set.
    pub const fn signs(self) -> &'static Signs {
        match self {
            Self::Unicode => &UNICODE,
            Self::Ascii => &ASCII,
        }
    }
}

const UNICODE: Signs = Signs {
    ellipsis: "…",
    bar: "│",
    dot: "·",
    arrow: "→",
    cursor: "▶",
    full: "●",
    empty: "○",
    trying: "◌",
    hidden: "•",
    none: "–",
    times: "×",
    alarm_new: "▲▲",
    alarm_seen: "▲",
    alarm_ended: "△",
    alarm_shelved: "▽",
    arrows: "↑↓",
    bars: &["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
    usual: "·",
    thick: Edges {
        corners: ["┏", "┓", "┗", "┛"],
        across: "━",
        down: "┃",
    },
    light: Edges {
        corners: ["┌", "┐", "└", "┘"],
        across: "─",
        down: "│",
    },
    axis: ["└", "─", "┬", "│"],
};

const ASCII: Signs = Signs {
    ellipsis: "..",
    bar: "|",
    dot: "-",
    arrow: "->",
    cursor: ">",
    full: "*",
    empty: "o",
    trying: ".",
    hidden: "*",
    none: "-",
    times: "x",
    alarm_new: "!!",
    alarm_seen: "!",
    alarm_ended: "-",
    alarm_shelved: "v",
    arrows: "Up Down",
    bars: &["_", ".", "-", "=", "+", "*", "%", "#"],
    usual: ".",
    thick: Edges {
        corners: ["#", "#", "#", "#"],
        across: "=",
        down: "#",
    },
    light: Edges {
        corners: ["+", "+", "+", "+"],
        across: "-",
        down: "|",
    },
    axis: ["+", "-", "+", "|"],
};

#[cfg(test)]
mod tests {
    use super::*;

    const ROLES: [Role; 6] = [
        Role::Normal,
        Role::Dim,
        Role::Strong,
        Role::Warn,
        Role::Bad,
        Role::Alarm,
    ];

    #[test]
    fn mono_has_no_colours_and_still_tells_what_is_wrong() {
        for role in ROLES {
            let style = Theme::Mono.style(role);
            assert_eq!((style.fg, style.bg), (None, None), "{role:?}");
        }
        for theme in [
            Theme::Terminal,
            Theme::Contrast,
            Theme::ColourBlind,
            Theme::Mono,
        ] {
            assert_eq!(theme.style(Role::Normal), Style::new());
            let loud = [Role::Normal, Role::Warn, Role::Bad, Role::Alarm];
            for (at, role) in loud.iter().enumerate() {
                for other in &loud[..at] {
                    assert_ne!(
                        theme.style(*role),
                        theme.style(*other),
                        "{theme:?} {role:?}"
                    );
                }
            }
        }
    }
}
