# Wraps comment lines that are longer than the formatter's lineLength, which the formatter leaves alone. What is cut off
# goes before the text of the next line of the same comment, so that paragraphs stay paragraphs. Reads one Swift file.

BEGIN { columns_max = 120 }

# The margin and the slashes of a line that is nothing but a comment; empty for every other line.
function comment_prefix(line) {
    return match(line, /^ *\/\/\/? /) ? substr(line, 1, RLENGTH) : ""
}

# Prints the text, cut into lines, but for the last part, which is returned.
function print_full_lines(prefix, text,   cut) {
    while (length(prefix text) > columns_max) {
        cut = columns_max - length(prefix) + 1
        while (cut > 1 && substr(text, cut, 1) != " ") cut--
        # One word that is too long, an address perhaps.
        if (cut <= 1) break
        print prefix substr(text, 1, cut - 1)
        text = substr(text, cut + 1)
    }
    return text
}

{
    prefix = comment_prefix($0)
    text = substr($0, length(prefix) + 1)
    if (rest != "") {
        # A list, a heading, an indented or an empty line begins something new.
        if (prefix == rest_prefix && text !~ /^([-*#|`] ?| |[0-9]+\. |$)/) {
            text = rest " " text
        } else {
            print rest_prefix rest
        }
        rest = ""
    }
    if (prefix == "") { print; next }
    if (length(prefix text) > columns_max) {
        rest = print_full_lines(prefix, text)
        rest_prefix = prefix
    } else {
        print prefix text
    }
}

END { if (rest != "") print rest_prefix rest }
