package specfile
import ("testing";"math/rand/v2";"reflect";"kgen.dev/kgen/internal/spec";"github.com/google/go-cmp/cmp")
func TestZZ(t *testing.T){
	r := &random{Rand: rand.New(rand.NewPCG(88, 3))}
	base := r.network()
	for range r.IntN(4) {
		s := &base.Spec.Services
		*s = append(*s, spec.Service{})
		r.fill(reflect.ValueOf(&(*s)[len(*s)-1]).Elem(), nil)
	}
	ours, theirs := r.changed(base), r.changed(base)
	t.Log(cmp.Diff(base,ours)); t.Log(cmp.Diff(base,theirs))
	_,n,l:=Resolve("k",conflictOf(ours,theirs),Format(base)); t.Log(n,l)
	_,n,l=Resolve("k",conflictOf(theirs,ours),Format(base)); t.Log(n,l)
	t.Log(string(conflictOf(theirs,ours)))
}
