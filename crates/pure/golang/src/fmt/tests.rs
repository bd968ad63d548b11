//! What Go 1.26 prints, case by case; the expected texts were printed by Go itself.

#![expect(clippy::approx_constant, reason = "digits to print, not the constant")]

use super::*;

fn check(format: &str, arguments: &[Argument], expect: &str) {
    assert_eq!(sprintf(format, arguments), expect, "format {format:?}");
}

fn int(value: i64) -> Argument {
    Argument::Integer(value)
}

fn big(digits: &str) -> Argument {
    Argument::BigInteger(digits.into())
}

fn float(value: f64) -> Argument {
    Argument::Float(value)
}

fn text(value: &str) -> Argument {
    Argument::Text(value.into())
}

#[test]
fn strings_and_hexadecimal() {
    check("%x", &[text("hello")], "68656c6c6f");
    check("%X", &[text("hello")], "68656C6C6F");
    check("% x", &[text("hello")], "68 65 6c 6c 6f");
    check("%#x", &[text("hello")], "0x68656c6c6f");
    check("% #X", &[text("hello")], "0X68 0X65 0X6C 0X6C 0X6F");
    check("%.2x", &[text("hello")], "6865");
    check("%12x|", &[text("hello")], "  68656c6c6f|");
    check("%-12x|", &[text("hello")], "68656c6c6f  |");
    check("%-5s|", &[text("hi")], "hi   |");
    check("%5s|", &[text("hi")], "   hi|");
    check("%05s|", &[text("hi")], "000hi|");
    check("%-05s|", &[text("hi")], "hi   |");
    check("%.1s", &[text("héllo")], "h");
    check("%5.2s|", &[text("héllo")], "   hé|");
    check("%q", &[text("a\"b\u{a}é\u{7}")], "\"a\\\"b\\né\\a\"");
    check("%+q", &[text("é☃")], "\"\\u00e9\\u2603\"");
    check("%#q", &[text("ab")], "`ab`");
    check("%#q", &[text("a`b")], "\"a`b\"");
    check("100%%", &[], "100%");
    check("%v%v", &[text("é"), text("☃")], "é☃");
    check("%6q|%-8q|", &[text("a"), text("b")], "   \"a\"|\"b\"     |");
    check("%06q|", &[text("a")], "000\"a\"|");
    check("%q", &[text("\u{ad}\u{200b}\u{a0}")], "\"\\u00ad\\u200b\\u00a0\"");
}

#[test]
fn integers() {
    check("%v %s %d", &[text("hi"), text("hi"), int(42)], "hi hi 42");
    check("%#v %+v", &[text("hi"), int(42)], "\"hi\" 42");
    check(
        "%5d|%-5d|%05d|%+d|% d",
        &[int(42), int(42), int(42), int(42), int(42)],
        "   42|42   |00042|+42| 42",
    );
    check("%+05d|% 05d", &[int(42), int(-7)], "+0042|-0007");
    check(
        "%.4d|%8.4d|%08.4d|%-8.4d|",
        &[int(42), int(42), int(42), int(42)],
        "0042|    0042|    0042|0042    |",
    );
    check("%.0d|%5.0d|", &[int(0), int(0)], "|     |");
    check(
        "%x %X %#x %#X %o %#o %O %b %#b",
        &[int(42), int(42), int(42), int(42), int(42), int(42), int(42), int(42), int(42)],
        "2a 2A 0x2a 0X2A 52 052 0o52 101010 0b101010",
    );
    check("%x", &[int(-7)], "-7");
    check("%#08x|%#8x|", &[int(42), int(42)], "0x0000002a|    0x2a|");
    check("%c %q %U %#U", &[int(9731), int(9731), int(9731), int(9731)], "☃ '☃' U+2603 U+2603 '☃'");
    check("%c %q", &[int(-1), int(10)], "� '\\n'");
    check("%*d|", &[int(5), int(42)], "   42|");
    check("%-*d|", &[int(5), int(42)], "42   |");
    check("%*d|", &[int(-5), int(42)], "42   |");
    check("%.d", &[int(42)], "42");
    check("%3c|%-3c|%03c", &[int(65), int(65), int(65)], "  A|A  |00A");
    check("%q", &[int(42)], "'*'");
    check("%+q", &[int(9731)], "'\\u2603'");
    check("%08q", &[int(42)], "00000'*'");
}

#[test]
fn floats() {
    check(
        "%v %g %f %e %.2f %8.3f|%-8.2f|%08.2f|%+.1f|% .1f",
        &[
            float(3.14159),
            float(3.14159),
            float(3.14159),
            float(3.14159),
            float(3.14159),
            float(3.14159),
            float(3.14159),
            float(3.14159),
            float(3.14159),
            float(3.14159),
        ],
        "3.14159 3.14159 3.141590 3.141590e+00 3.14    3.142|3.14    |00003.14|+3.1| 3.1",
    );
    check(
        "%v %v %v %v %v",
        &[float(1e+06), float(1e+20), float(1e+21), float(1.23456789e+08), float(1e-05)],
        "1e+06 1e+20 1e+21 1.23456789e+08 1e-05",
    );
    check("%v %v %v", &[float(0.0), float(-0.5), float(100000.0)], "0 -0.5 100000");
    check(
        "%g %.3g %.10g %G",
        &[float(1e-07), float(1234.5678), float(1234.5678), float(1e-07)],
        "1e-07 1.23e+03 1234.5678 1E-07",
    );
    check("%.3g %.3g", &[float(100.0), float(123456.0)], "100 1.23e+05");
    check(
        "%#g %#.3g %#v %#f %#.0f %#e",
        &[float(1.0), float(2.0), float(1.0), float(1.0), float(1.0), float(1.0)],
        "1.00000 2.00 1 1.000000 1. 1.000000e+00",
    );
    check("%#g %#x", &[float(0.0), float(1.0)], "0.00000 0x1.0000p+00");
    check(
        "%b %x %X %.3x %.0x",
        &[float(3.14159), float(3.14159), float(3.14159), float(3.14159), float(3.14159)],
        "7074231776675438p-51 0x1.921f9f01b866ep+01 0X1.921F9F01B866EP+01 0x1.922p+01 0x1p+02",
    );
    check("%x %b", &[float(0.0), float(1.0)], "0x0p+00 4503599627370496p-52");
    check("%F %E", &[float(3.14159), float(3.14159)], "3.141590 3.141590E+00");
    check("%+08.2f|%-+8.2f|", &[float(3.14159), float(-3.14159)], "+0003.14|-3.14   |");
    check("%6v|%-6v|%06v", &[float(1.5), float(1.5), float(-1.5)], "   1.5|1.5   |-001.5");
    check("%.*f|", &[int(2), float(3.14159)], "3.14|");
}

#[test]
fn mistakes_are_told_in_the_text() {
    check("%d", &[text("hi")], "%!d(string=hi)");
    check("%s", &[int(42)], "%!s(int64=42)");
    check("%s", &[float(3.14159)], "%!s(float64=3.14159)");
    check("%d", &[float(3.14159)], "%!d(float64=3.14159)");
    check("%t", &[text("true")], "%!t(string=true)");
    check("%s %v", &[text("hi")], "hi %!v(MISSING)");
    check("%s", &[], "%!s(MISSING)");
    check("100%", &[], "100%!(NOVERB)");
    check("%!", &[text("hi")], "%!!(string=hi)");
    check("%z", &[text("hi")], "%!z(string=hi)");
    check("%-6z|", &[text("hi")], "%!z(string=hi    )|");
    check("%[2]d %[1]d", &[int(42), int(-7)], "-7 42");
    check("%[3]d", &[int(42)], "%!d(BADINDEX)");
    check("%[1]d %d", &[int(42)], "42 %!d(MISSING)");
    check("%[x]d", &[int(42)], "%!d(BADINDEX)");
    check("%[", &[int(42)], "%!(NOVERB)");
    check("%[1", &[int(42)], "%!(NOVERB)");
    check("%*d|", &[text("hi"), int(42)], "%!(BADWIDTH)42|");
    check("%.*f|", &[int(-2), float(3.14159)], "%!(BADPREC)3.141590|");
    check("%.*f|", &[text("hi"), float(3.14159)], "%!(BADPREC)3.141590|");
    check("%[1]*d", &[int(4)], "%!d(MISSING)");
    check("%[2]*[1]d", &[int(42), int(6)], "    42");
    check("%[1]2d", &[int(42)], "%!d(BADINDEX)");
    check("%.", &[int(42)], "%!.(int64=42)");
    check("%", &[int(42)], "%!(NOVERB)%!(EXTRA int64=42)");
    check("%5", &[int(42)], "%!(NOVERB)%!(EXTRA int64=42)");
    check("% ", &[int(42)], "%!(NOVERB)%!(EXTRA int64=42)");
    check("%100000010d", &[int(42)], "%!(NOVERB)%!(EXTRA int64=42)");
    check("%p %w", &[int(42), text("hi")], "%!p(int64=42) %!w(string=hi)");
    check("%t %t", &[int(42), float(3.14159)], "%!t(int64=42) %!t(float64=3.14159)");
    check("%é", &[int(42)], "%!é(int64=42)");
}

#[test]
fn big_integers_and_the_rest() {
    check(
        "%s",
        &[text("hi"), int(42), float(3.14159), big("123456789012345678901234567890")],
        "hi%!(EXTRA int64=42, float64=3.14159, *big.Int=123456789012345678901234567890)",
    );
    check(
        "%T %T %T %T",
        &[int(42), float(3.14159), text("hi"), big("123456789012345678901234567890")],
        "int64 float64 string *big.Int",
    );
    check(
        "%v %s %d %x %X %#x %o %b",
        &[
            big("123456789012345678901234567890"),
            big("123456789012345678901234567890"),
            big("123456789012345678901234567890"),
            big("123456789012345678901234567890"),
            big("123456789012345678901234567890"),
            big("123456789012345678901234567890"),
            big("123456789012345678901234567890"),
            big("123456789012345678901234567890"),
        ],
        "123456789012345678901234567890 123456789012345678901234567890 123456789012345678901234567890 18ee90ff6c373e0ee4e3f0ad2 18EE90FF6C373E0EE4E3F0AD2 0x18ee90ff6c373e0ee4e3f0ad2 143564417755415637016711617605322 1100011101110100100001111111101101100001101110011111000001110111001001110001111110000101011010010",
    );
    check(
        "%40d|%-40d|%040d|%+d",
        &[
            big("123456789012345678901234567890"),
            big("123456789012345678901234567890"),
            big("123456789012345678901234567890"),
            big("123456789012345678901234567890"),
        ],
        "          123456789012345678901234567890|123456789012345678901234567890          |0000000000123456789012345678901234567890|+123456789012345678901234567890",
    );
    check(
        "%c %q",
        &[big("123456789012345678901234567890"), big("123456789012345678901234567890")],
        "%!c(big.Int=123456789012345678901234567890) %!q(big.Int=123456789012345678901234567890)",
    );
    check("%.35d", &[big("123456789012345678901234567890")], "00000123456789012345678901234567890");
}
