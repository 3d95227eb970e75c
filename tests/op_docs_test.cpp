// docs/ops.md, which lists the op table. `unit_tests "print docs/ops.md" -o /dev/null > docs/ops.md` writes it anew.
#include "catch.h"

#include <fstream>
#include <iostream>
#include <set>
#include <sstream>

#include "op_cases.h"

using namespace gradus;

namespace {

std::string read(const std::string& name) {
  std::ifstream file(std::string(GRADUS_SOURCE_DIR) + "/" + name);
  check(file.good(), "op_docs_test", "cannot read ", name);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// "cat, stack" -> {"cat", "stack"}
std::vector<std::string> words(const std::string& list) {
  std::vector<std::string> all;
  std::istringstream in(list);
  for (std::string word; in >> word;) all.push_back(word.back() == ',' ? word.substr(0, word.size() - 1) : word);
  return all;
}

std::string page() {
  std::ostringstream out;
  out << "# The ops\n\n"
         "<!-- Printed by the tests: unit_tests \"print docs/ops.md\" -o /dev/null > docs/ops.md -->\n\n"
         "Every function that computes a tensor from tensors. The gradient is what goes back to x for dy, the gradient "
         "of\n"
         "the result y. All take float32 and float64; int64 where it says so. The last column is the number of cases "
         "on\n"
         "which each op is checked: values and gradients against PyTorch's, gradients against finite differences, and\n"
         "float32 and int64 against float64. An elementwise op has values of its own beside its formula, in\n"
         "[kernels/pointwise.h](../kernels/pointwise.h). [core/ops.h](../core/ops.h) and "
         "[core/tensor.h](../core/tensor.h)\n"
         "say how each is called.\n\n"
         "| op | formula | gradient | int64 | cases |\n|---|---|---|---|---|\n";
  for (const OpEntry& e : op_table()) {
    std::string names, formula;
    for (const std::string& word : words(e.functions)) names += (names.empty() ? "`" : ", `") + word + "`";
    for (char c : e.formula) formula += c == '|' ? std::string("\\|") : std::string(1, c);
    out << "| " << names << " | " << formula << " | " << e.gradient << " | " << (e.int64 ? "yes" : "no") << " | "
        << e.cases.size() << " |\n";
  }
  return out.str();
}

// The names of the functions that a header declares on lines that begin with `start`, between two of its headings.
std::set<std::string> declared(const std::string& header, const std::string& start, const std::string& from,
                               const std::string& to) {
  const std::string text = read(header);
  const std::size_t first = text.find(from), last = text.find(to, first);
  check(first != std::string::npos && last != std::string::npos, "op_docs_test", header, " has no section ", from);
  std::set<std::string> names;
  std::istringstream lines(text.substr(first, last - first));
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind(start, 0) == 0) names.insert(line.substr(start.size(), line.find('(') - start.size()));
  }
  return names;
}

}  // namespace

TEST_CASE("print docs/ops.md", "[.]") { std::cout << page() << std::flush; }

TEST_CASE("docs/ops.md is what the op table prints") { CHECK(read("docs/ops.md") == page()); }

TEST_CASE("every op that a header declares has an entry in the op table") {
  std::set<std::string> listed;
  for (const OpEntry& e : op_table()) {
    for (const std::string& word : words(e.functions)) listed.insert(word);
    CHECK_FALSE(e.cases.empty());
  }
  std::set<std::string> all = declared("core/ops.h", "Tensor ", "// --- reductions", "}  // namespace gradus");
  CHECK(all.count("log_softmax") == 1);
  const std::set<std::string> methods = declared("core/tensor.h", "  Tensor ", "// --- other forms", "// --- in-place");
  CHECK(methods.count("permute") == 1);
  all.insert(methods.begin(), methods.end());
  for (const std::string& name : all) {
    INFO(name);
    CHECK(listed.count(name) == 1);
  }
}
