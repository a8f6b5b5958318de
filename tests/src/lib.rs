//! Tests of the whole of Crieur. Each lies in a folder beside this one; there is nothing to be called here.
