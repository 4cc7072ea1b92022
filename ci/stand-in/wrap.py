#!/usr/bin/env python3
"""Writes a translation unit for kernels' sources: the sources, and the table of their kernels.

  wrap.py OUT SOURCE… -- COMPILER FLAG…

The compiler is asked what the sources are after their macros.
"""
import re
import subprocess
import sys

out, *rest = sys.argv[1:]
sources, compiler = rest[:rest.index("--")], rest[rest.index("--") + 1:]
includes = '#include "shim.h"\n' + "".join(f'#include "{source}"\n' for source in sources)
text = subprocess.run(compiler + ["-E", "-P", "-x", "c++", "-"], input=includes, text=True,
                      check=True, stdout=subprocess.PIPE).stdout
# After the standard library, which declares functions of C too.
names = re.findall(r'extern "C"\s+void\s+(\w+)\s*\(', text[text.index("standin_begin_of_sources"):]
                   if "standin_begin_of_sources" in text else text)
names = [name for name in dict.fromkeys(names) if not name.startswith("_")]
meets = "true" if re.search(r"\b__syncthreads\(\);", "".join(open(source).read() for source in sources)) else "false"
with open(out, "w") as unit:
    unit.write(includes)
    unit.write("static const standin::Source here({\n")
    unit.writelines(f'  standin::Of<&{name}>::named("{name}", {meets}),\n' for name in names)
    unit.write("});\n")
