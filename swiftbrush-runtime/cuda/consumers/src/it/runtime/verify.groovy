def found = (new File(basedir, 'tree.txt').text =~ /com\.microsoft\.onnxruntime:(\w+):jar:([\w.]+)/).collect { it[1] + ':' + it[2] }
assert found.sort() == ["onnxruntime:$onnxruntime"]
