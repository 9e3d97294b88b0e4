// an exclusion holds on its own path only: Maven brings both, and the runtime warns about it when it starts
def found = (new File(basedir, 'tree.txt').text =~ /com\.microsoft\.onnxruntime:(\w+):jar:([\w.]+)/).collect { it[1] + ':' + it[2] }
assert found.sort() == ["onnxruntime:$onnxruntime", "onnxruntime_gpu:$onnxruntime"]
