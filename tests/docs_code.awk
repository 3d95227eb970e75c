# Takes the C++ blocks of a Markdown page apart, for docs_code_test.sh. Variables: page, its path; out, a prefix for files.
# A block with a main function is written to out.LINE.program.cpp; one whose fence names a file to out.LINE.excerpt, below
# that file's name; all the others, one after the other, to out.page.cpp, as the body of one function.

function begin_page() {
  if (in_page) return
  in_page = 1
  print "#include <gradus/gradus.h>\n#include <iostream>\nusing namespace gradus;\nint main() {" > (out ".page.cpp")
}

/^```cpp/ {
  inside = 1
  file = $2
  first = NR + 1
  code = ""
  next
}

/^```/ && inside {
  inside = 0
  located = "#line " first " \"" page "\"\n" code
  if (file != "") print file "\n" code > (out "." first ".excerpt")
  else if (code ~ /int main\(/) print located > (out "." first ".program.cpp")
  else {
    begin_page()
    print located > (out ".page.cpp")
  }
  next
}

inside { code = code $0 "\n" }

END {
  if (inside) { print page ": the block that begins at line " first " has no end"; exit 1 }
  if (in_page) print "}" > (out ".page.cpp")
}
